// What is recorded once and replayed from then on has to give what it gives when it is asked anew each time.

#include <doctest/doctest.h>

#include <vector>

#include "engine/plan.h"
#include "engine/repeated_work.h"
#include "engine/training_plan.h"
#include "tests/cuda_on_host.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/noise.h"

namespace petal::testing {
namespace {

constexpr std::int64_t batch = 5, size = 10, each = size * size * 3;

// One of each layer that draws, with a batch norm, a regulariser and a residual.
Graph drawing_network() {
  GraphBuilder g("drawing");
  Value x = g.input({size, size, 3});
  x = g.add("flip", RandomFlip{}, x);
  x = g.add("rotation", RandomRotation{.factor = {-0.1f, 0.1f}}, x);
  x = g.add("brightness", RandomBrightness{.factor = {-0.2f, 0.2f}, .value_range = {0, 1}}, x);
  x = g.add("contrast", RandomContrast{.factor = {0.3f, 0.3f}, .value_range = {0, 1}}, x);
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}, .kernel_regularizer = {.l1 = 1e-3f, .l2 = 1e-2f}},
            x);
  x = g.add("bn", BatchNormalization{}, x);
  Value y = g.add("spatial_dropout", SpatialDropout2D{0.25f}, x);
  y = g.add("noise", GaussianNoise{0.1f}, y);
  x = g.add("sum", Add{}, {x, y});
  x = g.add("gaussian_dropout", GaussianDropout{0.2f}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("dropout", Dropout{0.3f}, x);
  x = g.add("predictions", Dense{.units = 3, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

// Losses, predictions, weights and where the optimiser stands, of steps that differ in all that can differ.
std::vector<double> trained(const std::shared_ptr<const Backend>& backend, const TrainingOptions& options) {
  const Graph graph = drawing_network();
  Weights weights = initialize(graph, 4);
  TrainingPlan plan = compile_training(graph, weights, backend, options);
  const std::vector<std::int32_t> targets = {2, 0, 1, 1, 0};
  std::vector<double> all;
  for (std::uint32_t step = 0; step < 8; ++step) {
    const Noise noise(each, step);
    const std::int64_t count = step == 5 ? 2 : batch;  // a short batch has a lane of its own
    std::vector<float> sample_weights = {1.0f, 0.5f, 2.0f, 1.5f, static_cast<float>(step)};
    if (step == 6 && options.precision == Precision::f16) sample_weights[0] = 1e30f;  // a step to be left out
    const std::vector<std::uint32_t> samples = {step, 40, step * 7, 3, 11};
    all.push_back(plan.forward_backward({&noise, count, targets.data(), sample_weights},
                                        {.seed = step / 3, .epoch = step, .samples = samples}));
    all.insert(all.end(), plan.predictions(), plan.predictions() + 3 * count);
    plan.update(0.01f / static_cast<float>(step + 1));
  }
  plan.store(weights);
  for (const auto& [name, entry] : weights.entries())
    all.insert(all.end(), entry.tensor->values().begin(), entry.tensor->values().end());
  const OptimizerState state = plan.optimizer_state();
  all.push_back(static_cast<double>(state.step));
  all.push_back(static_cast<double>(state.loss_scale));
  return all;
}

}  // namespace

TEST_CASE("training steps that are replayed are the steps that were asked for, to the bit") {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16}) {
    for (const Optimizer& optimizer :
         {Optimizer(SGD{.momentum = 0.9f}), Optimizer(AdamW{}), Optimizer(RMSprop{})}) {
      for (const GradientClipping& clipping :
           {GradientClipping{}, GradientClipping{.value = 0.1f}, GradientClipping{.norm = 0.5f},
            GradientClipping{.global_norm = 0.5f}}) {
        const TrainingOptions options{
            .batch = batch, .precision = precision, .optimizer = optimizer, .clipping = clipping};
        INFO(to_string(precision) << ", " << name(optimizer) << ", " << clipping.value << clipping.norm);
        const std::vector<double> expected = trained(make_cuda_on_host(false), options);
        CHECK(trained(make_cuda_on_host(), options) == expected);
        const double steps = expected[expected.size() - 2];
        CHECK((precision == Precision::f16 ? steps > 3 && steps < 8 : steps == 8));  // left out or not
      }
    }
  }
}

TEST_CASE("inference that is replayed reads its new input") {
  const Graph graph = drawing_network();
  const Weights weights = initialize(graph, 4);
  std::vector<std::vector<float>> found;
  for (const bool recorded : {false, true}) {
    Plan plan = compile(graph, weights, make_cuda_on_host(recorded), {.batch = batch});
    std::vector<float>& all = found.emplace_back();
    for (std::uint64_t run = 0; run < 5; ++run) {
      Noise(each, run).write(0, 0, batch, reinterpret_cast<float*>(plan.input()));
      plan.run();
      const auto* output = reinterpret_cast<const float*>(plan.output());
      all.insert(all.end(), output, output + batch * 3);
    }
  }
  CHECK(found[0] == found[1]);
}

TEST_CASE("work is recorded when it is asked for the second time, and then replayed") {
  for (const bool recorded : {false, true}) {
    const auto backend = make_cuda_on_host(recorded);
    int calls = 0;
    RepeatedWork repeated;
    for (int run = 0; run < 5; ++run) repeated.run(*backend, [&] { ++calls; });
    CHECK(calls == (recorded ? 2 : 5));
  }
}

}  // namespace petal::testing
