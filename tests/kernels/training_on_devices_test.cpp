#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/training_plan.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/noise.h"

namespace petal::testing {
namespace {

constexpr std::int64_t batch = 6, size = 12;

// What the tutorial's models are made of: augmentation, convolutions, batch norm, residuals, dropout.
Graph small_network() {
  GraphBuilder g("small");
  Value x = g.input({size, size, 3});
  x = g.add("flip", RandomFlip{}, x);
  x = g.add("rotation", RandomRotation{.factor = {-0.1f, 0.1f}}, x);
  x = g.add("rescaling", Rescaling{2.0f, -1.0f}, x);
  x = g.add("conv", Conv2D{.filters = 8, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same}, x);
  x = g.add("bn", BatchNormalization{}, x);
  x = g.add("relu6", Activation{ActivationFunction::relu6}, x);
  Value y = g.add("depthwise", DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same}, x);
  y = g.add("depthwise_bn", BatchNormalization{}, y);
  y = g.add("relu", Activation{ActivationFunction::relu}, y);
  y = g.add("project", Conv2D{.filters = 8, .kernel_regularizer = {.l1 = 1e-4f, .l2 = 1e-3f}}, y);
  x = g.add("add", Add{}, {x, y});
  x = g.add("joined", Concatenate{}, {x, y});
  x = g.add("pool", MaxPooling2D{}, x);
  x = g.add("average", GlobalAveragePooling2D{}, x);
  x = g.add("dropout", Dropout{0.25f}, x);
  x = g.add("predictions", Dense{.units = 4, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

std::vector<double> losses(const std::shared_ptr<const Backend>& backend, const Optimizer& optimizer) {
  const Graph graph = small_network();
  TrainingPlan plan =
      compile_training(graph, initialize(graph, 4), backend,
                       {.batch = batch, .optimizer = optimizer, .clipping = {.global_norm = 5.0f}});
  const Noise noise(size * size * 3);
  const std::vector<std::int32_t> targets = {2, 0, 3, 1, 0, 1};
  std::vector<std::uint32_t> samples = {60, 1, 32, 7, 25, 8};
  std::vector<double> curve;
  for (std::uint32_t step = 0; step < 50; ++step) {
    curve.push_back(plan.forward_backward({&noise, batch, targets.data()},
                                          {.seed = 3, .epoch = step, .samples = samples}));
    plan.update(0.01f);
  }
  return curve;
}

}  // namespace

TEST_CASE("a network trains on every backend along the reference's curve") {
  for (const Optimizer& optimizer : {Optimizer(SGD{.momentum = 0.9f}), Optimizer(Adam{})}) {
    const std::vector<double> expected = losses(backends_under_test().front(), optimizer);
    CHECK(expected.back() < 0.9 * expected.front());
    for (const auto& backend : backends_under_test()) {
      const std::vector<double> found = losses(backend, optimizer);
      for (std::size_t step = 0; step < expected.size(); ++step) {
        INFO(backend->name() << ", " << name(optimizer) << ", step " << step);
        CHECK(std::fabs(found[step] - expected[step]) <= 1e-3 * expected[step]);
      }
    }
  }
}

}  // namespace petal::testing
