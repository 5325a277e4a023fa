#include <algorithm>
#include <numeric>

#include "engine/lanes.h"
#include "engine/plan.h"
#include "trainer/samples.h"

namespace petal {
namespace {

constexpr std::int64_t samples_a_core = 8;  // what stays in a core's cache
constexpr std::int64_t samples_at_once = 64;

// Writes what the source has into the plan, zeros behind it, and runs it.
void run_plan(Plan& plan, const SampleSource& source, std::int64_t first, std::int64_t count) {
  for (std::size_t input = 0; input < plan.inputs().size(); ++input) {
    auto* dst = reinterpret_cast<float*>(plan.input(input));
    const std::int64_t width = plan.inputs()[input].shape.without_batch().elements();
    source.write(input, first, count, dst);
    std::fill_n(dst + count * width, (plan.batch() - count) * width, 0.0f);
  }
  plan.run();
}

}  // namespace

Tensor infer_samples(const Graph& graph, const Weights& weights, Samples& samples,
                     std::shared_ptr<const Backend> backend) {
  const std::int64_t count = samples.size(), classes = graph[graph.outputs()[0]].shape.elements();
  Tensor result(Shape{count, classes});
  if (count == 0) return result;
  const std::shared_ptr<const Backend> one_core = backend->threads() > 1 ? backend->for_one_core() : nullptr;
  Lanes lanes(one_core ? backend->threads() : 1);
  const std::int64_t micro_batch = std::min(count, one_core ? samples_a_core : samples_at_once);
  std::vector<Plan> plans;
  for (int lane = 0; lane < lanes.count(); ++lane) {
    plans.push_back(compile(graph, weights, one_core ? one_core : backend, {.batch = micro_batch}));
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const std::int64_t batch = micro_batch * lanes.count();
  samples.begin(std::move(order), batch);
  for (std::int64_t begin = 0; begin < count; begin += batch) {
    const SampleSource& source = samples.next();
    lanes.run([&](int lane) {
      const std::int64_t first = lane * micro_batch;
      const std::int64_t taken = std::min(micro_batch, count - begin - first);
      if (taken <= 0) return;
      Plan& plan = plans[static_cast<std::size_t>(lane)];
      run_plan(plan, source, first, taken);
      std::copy_n(reinterpret_cast<const float*>(plan.output()), taken * classes,
                  result.values().data() + (begin + first) * classes);
    });
  }
  return result;
}

}  // namespace petal
