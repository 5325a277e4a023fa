#include "engine/error.h"
#include "io/onnx/layers.h"

namespace petal {

std::string add_activation(ActivationFunction function, const std::string& value, OnnxLayout layout,
                           OnnxLayerWriter& writer) {
  switch (function) {
    case ActivationFunction::linear:
      return value;
    case ActivationFunction::relu:
      return writer.add("Relu", {value});
    case ActivationFunction::relu6:
      return writer.add("Clip",
                        {value, writer.add_constant("least", 0.0f), writer.add_constant("most", 6.0f)});
    case ActivationFunction::sigmoid:
      return writer.add("Sigmoid", {value});
    case ActivationFunction::softmax: {
      const std::int64_t channels = layout == OnnxLayout::channels_first ? 1 : -1;
      return writer.add("Softmax", {value}, {{"axis", channels}});
    }
    default:
      break;
  }
  throw Error("layer '" + writer.node().name + "'",
              "ONNX has no words here for the activation '" + std::string(to_string(function)) + "'");
}

OnnxValue write(const Activation& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  return writer.dst(add_activation(layer.function, src.name, src.layout, writer), src.layout);
}

}  // namespace petal
