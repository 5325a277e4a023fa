#include <cmath>
#include <numbers>

#include "engine/error.h"
#include "io/onnx/layers.h"

namespace petal {
namespace {

// x * by(x).
std::string gated(const std::string& x, const std::string& by, OnnxLayerWriter& writer) {
  return writer.add("Mul", {x, by});
}

// x, not below 0 and not above `most`.
std::string add_clip(const std::string& x, float most, OnnxLayerWriter& writer) {
  return writer.add("Clip", {x, writer.add_constant("least", 0.0f), writer.add_constant("most", most)});
}

// x / 2 * (1 + erf(x / sqrt(2))): opset 17 has no Gelu.
std::string add_gelu(const std::string& x, OnnxLayerWriter& writer) {
  const std::string scaled =
      writer.add("Mul", {x, writer.add_constant("over_sqrt2", static_cast<float>(1 / std::numbers::sqrt2))});
  const std::string erf = writer.add("Add", {writer.add("Erf", {scaled}), writer.add_constant("one", 1.0f)});
  return writer.add("Mul", {gated(x, erf, writer), writer.add_constant("half", 0.5f)});
}

}  // namespace

std::string add_activation(ActivationFunction function, const std::string& value, OnnxLayout layout,
                           OnnxLayerWriter& writer) {
  const std::int64_t channels = layout == OnnxLayout::channels_first ? 1 : -1;
  switch (function) {
    case ActivationFunction::linear:
      return value;
    case ActivationFunction::relu:
      return writer.add("Relu", {value});
    case ActivationFunction::relu6:
      return add_clip(value, 6.0f, writer);
    case ActivationFunction::leaky_relu:
      return writer.add("LeakyRelu", {value}, {{"alpha", static_cast<float>(leaky_relu_slope)}});
    case ActivationFunction::elu:
      return writer.add("Elu", {value}, {{"alpha", 1.0f}});
    case ActivationFunction::selu:
      return writer.add(
          "Selu", {value},
          {{"alpha", static_cast<float>(selu_alpha)}, {"gamma", static_cast<float>(selu_scale)}});
    case ActivationFunction::sigmoid:
      return writer.add("Sigmoid", {value});
    case ActivationFunction::silu:
      return gated(value, writer.add("Sigmoid", {value}), writer);
    case ActivationFunction::tanh:
      return writer.add("Tanh", {value});
    case ActivationFunction::exponential:
      return writer.add("Exp", {value});
    case ActivationFunction::softplus:
      return writer.add("Softplus", {value});
    case ActivationFunction::softsign:
      return writer.add("Softsign", {value});
    case ActivationFunction::gelu:
      return add_gelu(value, writer);
    case ActivationFunction::mish:  // an operation of its own from opset 18 on
      return gated(value, writer.add("Tanh", {writer.add("Softplus", {value})}), writer);
    case ActivationFunction::hard_sigmoid:
      return writer.add("HardSigmoid", {value}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}});
    case ActivationFunction::hard_silu:
      return writer.add("HardSwish", {value});
    case ActivationFunction::softmax:
      return writer.add("Softmax", {value}, {{"axis", channels}});
    case ActivationFunction::log_softmax:
      return writer.add("LogSoftmax", {value}, {{"axis", channels}});
  }
  throw Error("layer '" + writer.node().name + "'", "its activation is not a known one", ErrorKind::failure);
}

OnnxValue write(const Activation& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  return writer.dst(add_activation(layer.function, src.name, src.layout, writer), src.layout);
}

OnnxValue write(const ReLU& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  const bool limited = std::isfinite(layer.max_value);
  if (layer.threshold == 0.0f && layer.negative_slope == 0.0f) {
    if (!limited) return writer.dst(writer.add("Relu", {src.name}), src.layout);
    return writer.dst(add_clip(src.name, layer.max_value, writer), src.layout);
  }
  const std::string threshold = writer.add_constant("threshold", layer.threshold);
  const std::string is_above = writer.add("Greater", {src.name, threshold});
  std::string above = src.name;
  if (limited) above = writer.add("Min", {above, writer.add_constant("max_value", layer.max_value)});
  const std::string below = writer.add("Mul", {writer.add("Sub", {src.name, threshold}),
                                               writer.add_constant("negative_slope", layer.negative_slope)});
  return writer.dst(writer.add("Where", {is_above, above, below}), src.layout);
}

OnnxValue write(const LeakyReLU& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  return writer.dst(writer.add("LeakyRelu", {src.name}, {{"alpha", layer.negative_slope}}), src.layout);
}

OnnxValue write(const ELU& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  return writer.dst(writer.add("Elu", {src.name}, {{"alpha", layer.alpha}}), src.layout);
}

// alpha has the shape of a sample, or 1 where an axis is shared: its axes lie as those of src.
OnnxValue write(const PReLU&, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  std::vector<std::size_t> axes;
  const std::size_t rank = src.shape.rank();
  for (std::size_t i = 0; i < rank; ++i) {
    axes.push_back(src.layout == OnnxLayout::channels_first ? (i + rank - 1) % rank : i);
  }
  return writer.dst(writer.add("PRelu", {src.name, writer.add_weight("alpha", axes)}), src.layout);
}

}  // namespace petal
