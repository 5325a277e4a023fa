#include <algorithm>

#include "io/onnx/layers.h"

namespace petal {

// Of two operands each in ONNX; the sum of more goes from left to right.
OnnxValue write(const Add&, OnnxLayerWriter& writer) {
  const OnnxLayout layout = writer.src()[0].layout;
  std::string sum = writer.read(layout);
  for (std::size_t i = 1; i < writer.src().size(); ++i)
    sum = writer.add("Add", {sum, writer.read(layout, i)});
  return writer.dst(sum, layout);
}

OnnxValue write(const BatchNormalization& layer, OnnxLayerWriter& writer) {
  const std::int64_t channels = writer.src()[0].shape.back();
  // ONNX's has both, always.
  const auto scale_or_shift = [&](bool present, const char* name, float neutral) {
    if (present) return writer.add_weight(name);
    return writer.add_constant(name, {channels},
                               std::vector<float>(static_cast<std::size_t>(channels), neutral));
  };
  const std::string gamma = scale_or_shift(layer.scale, "gamma", 1.0f);
  const std::string beta = scale_or_shift(layer.center, "beta", 0.0f);
  return writer.dst(writer.add("BatchNormalization",
                               {writer.read(OnnxLayout::channels_first), gamma, beta,
                                writer.add_weight("moving_mean"), writer.add_weight("moving_variance")},
                               {{"epsilon", layer.epsilon}}),
                    OnnxLayout::channels_first);
}

OnnxValue write(const Rescaling& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  const std::string scaled = writer.add("Mul", {src.name, writer.add_constant("scale", layer.scale)});
  return writer.dst(writer.add("Add", {scaled, writer.add_constant("offset", layer.offset)}), src.layout);
}

}  // namespace petal
