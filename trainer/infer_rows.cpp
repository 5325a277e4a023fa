#include <algorithm>

#include "engine/error.h"
#include "engine/plan.h"
#include "trainer/feature_rows.h"
#include "trainer/fit.h"

namespace petal {

Tensor infer_rows(const Graph& graph, const Weights& weights, const Tensor& features,
                  std::span<const std::int64_t> rows, std::shared_ptr<const Backend> backend,
                  std::int64_t batch) {
  if (features.shape().rank() != 2 || features.shape()[1] != input_width(graph)) {
    throw Error("graph '" + graph.name() + "'", "features are " + features.shape().to_string() +
                                                    ", expected (m, " + std::to_string(input_width(graph)) +
                                                    ")");
  }
  const std::int64_t count = static_cast<std::int64_t>(rows.size());
  const std::int64_t classes = graph[graph.outputs()[0]].shape.elements();
  Tensor result(Shape{count, classes});
  if (count == 0) return result;
  batch = std::clamp<std::int64_t>(batch, 1, count);
  Plan plan = compile(graph, weights, std::move(backend), {.batch = batch});
  float* dst = result.values<float>().data();
  for (std::int64_t first = 0; first < count; first += batch) {
    const std::int64_t taken = std::min(batch, count - first);
    write_rows(features, rows.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(taken)),
               plan);
    plan.run();
    dst = std::copy_n(reinterpret_cast<const float*>(plan.output()), taken * classes, dst);
  }
  return result;
}

}  // namespace petal
