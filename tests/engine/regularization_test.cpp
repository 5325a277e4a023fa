// Layers that do something in training alone, and layers whose statistics training does not move, in plans.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

#include "engine/error.h"
#include "engine/passes/passes.h"
#include "engine/training_plan.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

constexpr std::array<std::int32_t, 3> targets = {1, 0, 1};

class Photos : public SampleSource {
 public:
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    const RandomStream random(2, RandomPurpose::drawing);
    for (std::int64_t i = 0; i < 48 * count; ++i) {
      dst[i] = random.uniform(static_cast<std::uint32_t>(48 * first + i)) * 2 - 1;
    }
  }
};

double loss_of(TrainingPlan& plan) {
  static const Photos source;
  return plan.forward_backward({&source, 3, targets.data(), {}}, {});
}

TrainingPlan make_plan(const Graph& graph, const Weights& weights) {
  return compile_training(graph, weights, make_reference_backend(), {.batch = 3, .optimizer = SGD{}});
}

// conv -> middle -> pooling -> dense, on photos (4, 4, 3).
Graph with_middle(Layer middle) {
  GraphBuilder g("middle");
  Value x = g.input({4, 4, 3});
  x = g.add("conv", Conv2D{.filters = 3}, x);
  x = g.add("middle", std::move(middle), x);
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  x = g.add("predictions", Dense{.units = 2, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

std::string message_of(const Graph& graph) {
  try {
    make_plan(graph, initialize(graph, 3));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("inference drops the dropouts and the noises") {
  for (const Layer& layer : {Layer(Dropout{}), Layer(SpatialDropout2D{}), Layer(GaussianDropout{}),
                             Layer(GaussianNoise{}), Layer(ActivityRegularization{.l2 = 1})}) {
    CAPTURE(kind(layer));
    const Graph graph = with_middle(layer);
    const Network optimized = optimize_for_inference({graph, initialize(graph, 1)});
    CHECK_FALSE(optimized.graph.contains("middle"));
    // What is frozen in front of the classifier goes with it, but for draws, which change from epoch to
    // epoch.
    const Graph frozen = graph.with_trainable([](const Node& node) { return node.name == "predictions"; });
    const bool draws = draws_random_numbers(layer);
    CHECK(split_frozen(frozen).frozen.contains("middle") != draws);
  }
}

TEST_CASE("a penalty on activations that is not computed is not passed over in training") {
  const Graph graph = with_middle(ActivityRegularization{.l1 = 0.5f});
  const std::string message = message_of(graph);
  CHECK(message.starts_with("ActivityRegularization 'middle': "));
  CHECK(message.find("penalty") != std::string::npos);
  // Behind frozen layers it is a constant of the loss, and nothing follows from it.
  CHECK(message_of(graph.with_trainable([](const Node& node) { return node.name == "predictions"; })) ==
        "no error");
}

TEST_CASE("a normalisation's statistics stay in training, and do not keep what follows from being frozen") {
  const Graph graph = with_middle(Normalization{});
  Weights weights = initialize(graph, 3);
  std::ranges::copy(std::array{0.1f, -0.2f, 0.3f}, weights.edit("middle/mean").values().begin());
  TrainingPlan plan = make_plan(graph, weights);
  for (int step = 0; step < 3; ++step) {
    loss_of(plan);
    plan.update(0.1f);
  }
  Weights trained = weights;
  plan.store(trained);
  CHECK(std::ranges::equal(trained.at("middle/mean").values(), weights.at("middle/mean").values()));
  CHECK_FALSE(std::ranges::equal(trained.at("conv/kernel").values(), weights.at("conv/kernel").values()));

  const Graph head = graph.with_trainable([](const Node& node) { return node.name != "conv"; });
  CHECK(split_frozen(head).frozen.contains("pool"));
}

TEST_CASE("gradients through layers of several kinds agree with finite differences") {
  GraphBuilder g("assorted");
  Value x = g.input({4, 4, 3});
  x = g.add("separable",
            SeparableConv2D{.filters = 4,
                            .kernel = {3, 3},
                            .padding = Padding::same,
                            .depth_multiplier = 2,
                            .activation = ActivationFunction::sigmoid},
            x);
  Value s = g.add("squeeze", GlobalAveragePooling2D{.keepdims = true}, x);
  s = g.add("excite", Conv2D{.filters = 4, .activation = ActivationFunction::sigmoid}, s);
  x = g.add("scaled", Multiply{}, {x, s});
  x = g.add("norm", LayerNormalization{.dimensions = 2}, x);
  x = g.add("up", UpSampling2D{.interpolation = Interpolation::bilinear}, x);
  x = g.add("transposed", Conv2DTranspose{.filters = 2, .kernel = {2, 2}, .strides = {2, 2}}, x);
  x = g.add("flat", Flatten{}, x);
  x = g.add("predictions", Dense{.units = 2, .activation = ActivationFunction::softmax}, x);
  const Graph graph = std::move(g).build({x});
  Weights weights = initialize(graph, 4);
  TrainingPlan plan = make_plan(graph, weights);
  loss_of(plan);
  for (const WeightDeclaration& declaration : graph.weights()) {
    CAPTURE(declaration.name);
    const Tensor gradient = plan.gradient(declaration.name);
    for (std::size_t i = 0; i < gradient.values().size(); i += 7) {
      const float step = 1e-2f;
      const float value = weights.at(declaration.name).values()[i];
      double sides[2];
      for (const int side : {0, 1}) {
        weights.edit(declaration.name).values()[i] = value + (side == 0 ? -step : step);
        TrainingPlan moved = make_plan(graph, weights);
        sides[side] = loss_of(moved);
      }
      weights.edit(declaration.name).values()[i] = value;
      CHECK(gradient.values()[i] ==
            doctest::Approx((sides[1] - sides[0]) / (2 * 0.01)).epsilon(0.02).scale(0.01));
    }
  }
}
