// Chains of layers that the CPU takes as one kernel, against the reference's layers one by one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/passes/passes.h"
#include "engine/plan.h"
#include "engine/training_plan.h"
#include "kernels/cpu/backend.h"
#include "kernels/cpu/vectors.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

struct Block {
  std::string name;
  std::int64_t height = 40, width = 37, channels = 16, expanded = 96;
  Size2D expand_kernel{1, 1}, expand_strides{1, 1}, strides{1, 1};
  Padding expand_padding = Padding::same, padding = Padding::same;
  ActivationFunction function = ActivationFunction::relu6;
  ActivationFunction last = ActivationFunction::linear;
  bool has_expand = true, residual = false, read_again = false, use_bias = true;
};

Network network_of(const Block& b) {
  GraphBuilder g(b.name);
  Value x = g.input({b.height, b.width, 3});
  // The block's input is a value of the network's own, which the block may write over.
  x = g.add("before", Conv2D{.filters = b.has_expand ? b.channels : b.expanded}, x);
  const Value input = x;
  if (b.has_expand)
    x = g.add("expand",
              Conv2D{.filters = b.expanded,
                     .kernel = b.expand_kernel,
                     .strides = b.expand_strides,
                     .padding = b.expand_padding,
                     .use_bias = b.use_bias,
                     .activation = b.function},
              x);
  x = g.add("depthwise",
            DepthwiseConv2D{.kernel = {3, 3},
                            .strides = b.strides,
                            .padding = b.padding,
                            .use_bias = b.use_bias,
                            .activation = b.function},
            x);
  x = g.add("project",
            Conv2D{.filters = b.residual && !b.has_expand ? b.expanded : b.channels,
                   .use_bias = b.use_bias,
                   .activation = b.residual ? ActivationFunction::linear : b.last},
            x);
  if (b.residual) x = g.add("add", Add{}, {input, x});
  if (b.residual && b.last == ActivationFunction::relu) x = g.add("add_relu", Activation{b.last}, x);
  std::vector<Value> outputs = {x};
  if (b.read_again) outputs.push_back(g.add("again", GlobalAveragePooling2D{}, input));
  const Graph graph = std::move(g).build(outputs);
  Weights weights = initialize(graph, 5);
  for (const WeightDeclaration& weight : graph.weights())
    if (weight.name.ends_with("bias"))
      for (std::size_t i = 0; i < weights.edit(weight.name).values().size(); ++i)
        weights.edit(weight.name).values()[i] = 0.05f * static_cast<float>(i % 7) - 0.1f;
  return optimize_for_inference({graph, weights});
}

std::vector<float> outputs_of(Plan& plan) {
  auto* input = reinterpret_cast<float*>(plan.input());
  for (std::int64_t i = 0; i < plan.inputs()[0].shape.elements(); ++i)
    input[i] = static_cast<float>((i * 2654435761u >> 13) % 201) / 100 - 1;
  plan.run();
  std::vector<float> found;
  for (std::size_t output = 0; output < plan.outputs().size(); ++output) {
    const auto* values = reinterpret_cast<const float*>(plan.output(output));
    found.insert(found.end(), values, values + plan.outputs()[output].shape.elements());
  }
  return found;
}

const ProfileEntry* chain_of(const Profile& profile) {
  const auto found = std::ranges::find_if(
      profile.entries, [](const ProfileEntry& entry) { return entry.implementation.starts_with("strips"); });
  return found == profile.entries.end() ? nullptr : &*found;
}

// Several images, so that one's strips do not reach into the next one.
void check(const Block& block, std::int64_t batch, int threads) {
  CAPTURE(block.name);
  CAPTURE(threads);
  const Network network = network_of(block);
  const CompileOptions options{.batch = batch, .optimize = false};
  Plan expected_plan = compile(network.graph, network.weights, make_reference_backend(), options);
  Plan plan = compile(network.graph, network.weights, make_cpu_backend(threads), options);
  const ProfileEntry* chain = chain_of(plan.profile());
  if (cpu::has_avx2()) {
    REQUIRE(chain != nullptr);
    CHECK(chain->kind.find("DepthwiseConv2D+Conv2D") != std::string::npos);
  }
  const std::vector<float> expected = outputs_of(expected_plan);
  for (int run = 0; run < 2; ++run) {
    const std::vector<float> found = outputs_of(plan);
    REQUIRE(found.size() == expected.size());
    float largest = 0, error = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      largest = std::max(largest, std::abs(expected[i]));
      error = std::max(error, std::abs(found[i] - expected[i]));
    }
    CHECK(error <= 2e-6f * largest);
  }
}

// On one core; with images for each thread; with an image for several.
void check(const Block& block) {
  check(block, 3, 1);
  check(block, 3, 2);
  check(block, 1, 3);
}

}  // namespace

TEST_CASE("an inverted residual in strips computes what its layers do") {
  check({.name = "plain"});
  check({.name = "residual", .residual = true});
  check({.name = "residual and relu", .last = ActivationFunction::relu, .residual = true});
  check({.name = "residual, its input read again", .residual = true, .read_again = true});
  check({.name = "stride 2", .strides = {2, 2}});
  check({.name = "stride 2, odd", .height = 41, .width = 38, .strides = {2, 2}});
  check({.name = "strides 2 and 1", .strides = {2, 1}});
  check({.name = "valid", .padding = Padding::valid});
  check({.name = "padded unevenly", .strides = {2, 2}, .padding = Padding::explicitly({0, 1, 0, 1})});
  check({.name = "padded far", .padding = Padding::explicitly({4, 3, 5, 2})});
  check({.name = "relu, no bias", .function = ActivationFunction::relu, .use_bias = false});
  check({.name = "linear", .function = ActivationFunction::linear});
  check({.name = "eight and odd vectors of channels", .channels = 8, .expanded = 120});
  check({.name = "rows larger than a strip", .height = 6, .width = 300, .expanded = 200});
  check({.name = "low and wide", .height = 2, .width = 200});
  check({.name = "narrow", .height = 300, .width = 2});
  check({.name = "one column", .height = 300, .width = 1, .strides = {2, 2}});
}

TEST_CASE("a first layer with a window of its own, and none at all") {
  check({.name = "3x3", .expand_kernel = {3, 3}});
  check({.name = "3x3, residual", .expand_kernel = {3, 3}, .residual = true});
  check(
      {.name = "3x3 stride 2", .height = 71, .width = 70, .expand_kernel = {3, 3}, .expand_strides = {2, 2}});
  check({.name = "3x3 stride 2, padded unevenly",
         .height = 70,
         .width = 71,
         .expand_kernel = {3, 3},
         .expand_strides = {2, 2},
         .expand_padding = Padding::explicitly({0, 1, 0, 1})});
  check({.name = "5x3 valid", .expand_kernel = {5, 3}, .strides = {2, 2}, .expand_padding = Padding::valid});
  check({.name = "none", .has_expand = false});
  check({.name = "none, stride 2", .strides = {2, 2}, .has_expand = false});
  check({.name = "none, residual", .has_expand = false, .residual = true});
  check({.name = "none, residual, read again", .has_expand = false, .residual = true, .read_again = true});
}

TEST_CASE("what gains nothing from strips, or is no such chain, runs layer by layer") {
  const auto takes = [](const Block& block) {
    const Network network = network_of(block);
    const Plan plan = compile(network.graph, network.weights, make_cpu_backend(1), {.optimize = false});
    return chain_of(plan.profile()) != nullptr;
  };
  CHECK_FALSE(takes({.name = "heavy weights", .height = 7, .width = 7, .channels = 160, .expanded = 960}));
  CHECK_FALSE(takes({.name = "strides 3", .strides = {3, 3}}));
  CHECK_FALSE(takes({.name = "odd channels", .expanded = 97}));
  CHECK_FALSE(takes({.name = "swish", .function = ActivationFunction::silu}));
  const Network network = network_of({.name = "asked not to"});
  const Plan plan = compile(network.graph, network.weights, make_cpu_backend(1),
                            {.optimize = false, .optimize_chains = false});
  CHECK(chain_of(plan.profile()) == nullptr);
}

namespace {

class Pattern final : public SampleSource {
 public:
  explicit Pattern(std::int64_t elements) : elements_(elements) {}
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = 0; i < count * elements_; ++i)
      dst[i] = static_cast<float>(((first * elements_ + i) * 2654435761u >> 13) % 201) / 100 - 1;
  }

 private:
  std::int64_t elements_;
};

struct Step {
  double loss;
  Tensor gradient;
  bool has_chain;
};

// A step of a new layer over a block that is frozen, or learns.
Step step(bool frozen, std::shared_ptr<const Backend> backend) {
  const Block block{.name = "base", .residual = true};
  GraphBuilder g("training");
  Value x = g.input({block.height, block.width, block.channels});
  const Value input = x;
  x = g.add("expand", Conv2D{.filters = block.expanded, .activation = block.function}, x);
  x = g.add("depthwise",
            DepthwiseConv2D{.kernel = {3, 3}, .padding = block.padding, .activation = block.function}, x);
  x = g.add("project", Conv2D{.filters = block.channels}, x);
  x = g.add("add", Add{}, {input, x});
  x = g.add("pooling", GlobalAveragePooling2D{}, x);
  x = g.add("predictions", Dense{.units = 3, .activation = ActivationFunction::softmax}, x);
  const Graph graph = std::move(g).build({x}).with_trainable(
      [&](const Node& node) { return !frozen || node.name == "predictions"; });
  TrainingPlan plan = compile_training(graph, initialize(graph, 5), std::move(backend), {.batch = 4});
  const Pattern source(block.height * block.width * block.channels);
  const std::vector<std::int32_t> targets = {0, 1, 2, 1};
  const double loss = plan.forward_backward({&source, 4, targets.data(), {}}, {});
  return {loss, plan.gradient("predictions/kernel"), chain_of(plan.profile()) != nullptr};
}

}  // namespace

TEST_CASE("a frozen base trains over strips; what learns keeps its layers' values") {
  const Step expected = step(true, make_reference_backend());
  for (const int threads : {1, 2}) {
    const Step frozen = step(true, make_cpu_backend(threads)),
               learning = step(false, make_cpu_backend(threads));
    CHECK(frozen.has_chain == cpu::has_avx2());
    CHECK_FALSE(learning.has_chain);
    for (const Step* found : {&frozen, &learning}) {
      CHECK(found->loss == doctest::Approx(expected.loss).epsilon(1e-6));
      for (std::int64_t i = 0; i < expected.gradient.elements(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        CHECK(std::abs(found->gradient.values()[at] - expected.gradient.values()[at]) < 1e-6f);
      }
    }
  }
}
