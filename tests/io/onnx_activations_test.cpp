#include <doctest/doctest.h>

#include "tests/io/onnx_export.h"

namespace petal::testing {
namespace {

Lines lines_of(ActivationFunction function) {
  return lines_for(graph_of(Activation{function}, {7}));
}

}  // namespace

TEST_CASE("activations of one operation") {
  CHECK(lines_of(ActivationFunction::leaky_relu) == Lines{"layer = LeakyRelu(photo) alpha=0.200000"});
  CHECK(lines_of(ActivationFunction::elu) == Lines{"layer = Elu(photo) alpha=1.000000"});
  CHECK(lines_of(ActivationFunction::selu) == Lines{"layer = Selu(photo) alpha=1.673263 gamma=1.050701"});
  CHECK(lines_of(ActivationFunction::tanh) == Lines{"layer = Tanh(photo)"});
  CHECK(lines_of(ActivationFunction::exponential) == Lines{"layer = Exp(photo)"});
  CHECK(lines_of(ActivationFunction::softplus) == Lines{"layer = Softplus(photo)"});
  CHECK(lines_of(ActivationFunction::softsign) == Lines{"layer = Softsign(photo)"});
  CHECK(lines_of(ActivationFunction::hard_sigmoid) ==
        Lines{"layer = HardSigmoid(photo) alpha=0.166667 beta=0.500000"});
  CHECK(lines_of(ActivationFunction::hard_silu) == Lines{"layer = HardSwish(photo)"});
  CHECK(lines_of(ActivationFunction::log_softmax) == Lines{"layer = LogSoftmax(photo) axis=-1"});
}

TEST_CASE("activations of several operations") {
  CHECK(lines_of(ActivationFunction::silu) ==
        Lines{"layer/Sigmoid = Sigmoid(photo)", "layer = Mul(photo, layer/Sigmoid)"});
  CHECK(lines_of(ActivationFunction::mish) == Lines{"layer/Softplus = Softplus(photo)",
                                                    "layer/Tanh = Tanh(layer/Softplus)",
                                                    "layer = Mul(photo, layer/Tanh)"});
  CHECK(lines_of(ActivationFunction::gelu) ==
        Lines{"layer/Mul = Mul(photo, layer/over_sqrt2)", "layer/Erf = Erf(layer/Mul)",
              "layer/Add = Add(layer/Erf, layer/one)", "layer/Mul_1 = Mul(photo, layer/Add)",
              "layer = Mul(layer/Mul_1, layer/half)"});
}

TEST_CASE("activation layers with options") {
  CHECK(lines_for(graph_of(LeakyReLU{.negative_slope = 0.25f}, {7})) ==
        Lines{"layer = LeakyRelu(photo) alpha=0.250000"});
  CHECK(lines_for(graph_of(ELU{.alpha = 0.5f}, {7})) == Lines{"layer = Elu(photo) alpha=0.500000"});
  CHECK(lines_for(graph_of(ReLU{}, {7})) == Lines{"layer = Relu(photo)"});
  CHECK(lines_for(graph_of(ReLU{.max_value = 2}, {7})) ==
        Lines{"layer = Clip(photo, layer/least, layer/most)"});
  CHECK(lines_for(graph_of(ReLU{.max_value = 2, .negative_slope = 0.5f}, {7})) ==
        Lines{"layer/Greater = Greater(photo, layer/threshold)", "layer/Min = Min(photo, layer/max_value)",
              "layer/Sub = Sub(photo, layer/threshold)", "layer/Mul = Mul(layer/Sub, layer/negative_slope)",
              "layer = Where(layer/Greater, layer/Min, layer/Mul)"});
  const onnx::ModelProto model =
      exported(model_of(graph_of(ReLU{.negative_slope = 0.5f, .threshold = 0.25f}, {7})));
  const auto constants = constants_of(model.graph());
  CHECK(numbers_of<float>(*constants.at("layer/threshold")) == std::vector<float>{0.25f});
  CHECK(numbers_of<float>(*constants.at("layer/negative_slope")) == std::vector<float>{0.5f});
}

TEST_CASE("PReLU's alpha turns with what it multiplies") {
  CHECK(lines_for(graph_of(PReLU{}, {2, 2, 3})) == Lines{"layer = PRelu(photo, layer/alpha)"});
  GraphBuilder g("prelu");
  Value x = g.input({2, 2, 3}, "photo");
  x = g.add("conv", Conv2D{.filters = 3, .use_bias = false}, x);
  x = g.add("prelu", PReLU{}, x);
  x = g.add("shared", PReLU{.shared_axes = {1, 2}}, x);
  x = g.add("pool", GlobalMaxPooling2D{}, x);
  const Model model = model_of(std::move(g).build({x}));
  const onnx::ModelProto file = exported(model);
  const auto constants = constants_of(file.graph());
  CHECK(joined(constants.at("prelu/alpha")->dims()) == "3,2,2");
  CHECK(joined(constants.at("shared/alpha")->dims()) == "3,1,1");
  const auto alpha = numbers_of<float>(*constants.at("prelu/alpha"));
  const auto own = model.network.weights.at("prelu/alpha").values();
  for (std::size_t place = 0; place < 4; ++place)
    for (std::size_t c = 0; c < 3; ++c) CHECK(alpha[c * 4 + place] == own[place * 3 + c]);
}

}  // namespace petal::testing
