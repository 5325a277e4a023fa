#include <algorithm>
#include <numeric>

#include "engine/batch_plan.h"
#include "trainer/samples.h"

namespace petal {
namespace {

constexpr std::int64_t samples_a_core = 8;  // what stays in a core's cache
constexpr std::int64_t samples_at_once = 64;

BatchPlan make_plan(const Graph& graph, const Weights& weights, const Samples& samples,
                    std::shared_ptr<const Backend> backend) {
  const bool by_core = backend->threads() > 1 && backend->for_one_core() != nullptr;
  const std::int64_t micro_batch = std::min(samples.size(), by_core ? samples_a_core : samples_at_once);
  const std::int64_t batch = by_core ? micro_batch * backend->threads() : micro_batch;
  return compile_batch(graph, weights, std::move(backend),
                       {.batch = batch, .micro_batch = micro_batch, .pixels = samples.are_pixels()});
}

}  // namespace

Tensor infer_samples(const Graph& graph, const Weights& weights, Samples& samples,
                     std::shared_ptr<const Backend> backend) {
  const std::int64_t count = samples.size(), classes = graph[graph.outputs()[0]].shape.elements();
  Tensor result(Shape{count, classes});
  if (count == 0) return result;
  BatchPlan plan = make_plan(graph, weights, samples, std::move(backend));
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  samples.begin(std::move(order), plan.batch());
  int under_way = 0;
  for (std::int64_t first = 0; first < count; first += plan.batch()) {
    if (under_way == plan.runs_at_once()) {
      plan.finish();
      --under_way;
    }
    plan.start(samples.next(), std::min(plan.batch(), count - first),
               result.values().data() + first * classes);
    ++under_way;
  }
  for (; under_way > 0; --under_way) plan.finish();
  return result;
}

}  // namespace petal
