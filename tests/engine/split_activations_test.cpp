#include <doctest/doctest.h>

#include <algorithm>

#include "engine/passes/passes.h"
#include "engine/training_plan.h"
#include "kernels/reference/backend.h"
#include "tests/kernels/activation_cases.h"

using namespace petal;

namespace {

using enum ActivationFunction;

Network dense_network(ActivationFunction function, bool apart, bool trainable = true) {
  GraphBuilder g("dense");
  Value x = g.input({4});
  Node hidden{.name = "hidden", .layer = Dense{.units = 6, .activation = apart ? linear : function}};
  hidden.trainable = trainable;
  x = g.add(hidden, {x});
  if (apart) x = g.add("apart", Activation{function}, x);
  x = g.add("predictions", Dense{.units = 3, .activation = softmax}, x);
  const Graph graph = std::move(g).build({x});
  return {graph, initialize(graph, 4)};
}

class ThreeSamples : public SampleSource {
 public:
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = 0; i < 4 * count; ++i)
      dst[i] = static_cast<float>((4 * first + i) * 7 % 11) / 4 - 1;
  }
};

// Of the hidden layer's kernel, after a step's backward.
std::vector<float> gradient(const Network& network) {
  TrainingPlan plan =
      compile_training(network.graph, network.weights, make_reference_backend(), {.batch = 3});
  static const ThreeSamples source;
  constexpr std::int32_t targets[] = {2, 0, 1};
  plan.forward_backward({&source, 3, targets}, {});
  const Tensor tensor = plan.gradient("hidden/kernel");
  return {tensor.values().begin(), tensor.values().end()};
}

}  // namespace

TEST_CASE("inference splits off what no kernel takes within a layer, and nothing else") {
  for (const ActivationFunction function : testing::activation_functions()) {
    CAPTURE(to_string(function));
    const Graph graph = split_activations(dense_network(function, false)).graph;
    const bool split = function == softmax || function == log_softmax || function == softsign;
    CHECK(graph.contains("hidden/" + std::string(to_string(function))) == split);
    CHECK(activation_of(graph[graph.find("hidden")].layer) == (split ? linear : function));
    CHECK(graph.contains("predictions/softmax"));
    // Activations behind a layer are fused likewise.
    const Graph fused = optimize_for_inference(dense_network(function, true)).graph;
    CHECK(fused.contains("hidden") == (split || function == linear));
  }
}

TEST_CASE("training splits off what dst does not tell the gradient of; frozen layers keep theirs fused") {
  for (const ActivationFunction function : {relu, relu6, sigmoid}) {
    CHECK_FALSE(optimize_for_training(dense_network(function, false))
                    .network.graph.contains("hidden/" + std::string(to_string(function))));
  }
  const Graph trained = optimize_for_training(dense_network(silu, false)).network.graph;
  CHECK(trained[trained.find("hidden/silu")].layer == Layer(Activation{silu}));
  CHECK(activation_of(trained[trained.find("hidden")].layer) == linear);
  const Graph frozen = optimize_for_training(dense_network(silu, false, false)).network.graph;
  CHECK_FALSE(frozen.contains("hidden"));
  CHECK(activation_of(frozen[frozen.find("hidden/silu")].layer) == silu);
}

TEST_CASE("an activation within a layer trains as one behind it") {
  for (const ActivationFunction function : testing::activation_functions()) {
    CAPTURE(to_string(function));
    const std::vector<float> within = gradient(dense_network(function, false));
    CHECK(std::ranges::any_of(within, [](float g) { return g != 0.0f; }));
    CHECK(within == gradient(dense_network(function, true)));
  }
}
