#include <algorithm>
#include <cmath>

#include "io/onnx/layers.h"

namespace petal {
namespace {

// One number, or one a channel, that broadcasts with values of that layout and of `rank` dimensions a sample.
std::string add_per_channel(const std::string& name, std::span<const float> numbers, std::size_t rank,
                            OnnxLayout layout, OnnxLayerWriter& writer) {
  if (numbers.size() == 1) return writer.add_constant(name, numbers[0]);
  std::vector<std::int64_t> dims = {std::ssize(numbers)};
  if (layout == OnnxLayout::channels_first) dims.resize(rank, 1);
  return writer.add_constant(name, dims, numbers);
}

// An input of a merge in the layout, with dimensions of 1 where it has fewer than `rank`: shapes are aligned
// at the channels, and N is none of them.
std::string aligned(std::size_t input, std::size_t rank, OnnxLayout layout, OnnxLayerWriter& writer) {
  const std::string value = writer.read(layout, input);
  const std::size_t own = writer.src()[input].shape.rank();
  if (own == rank) return value;
  std::vector<std::int64_t> axes;
  const std::size_t first = layout == OnnxLayout::channels_first && own > 0 ? 2 : 1;
  for (std::size_t i = 0; i < rank - own; ++i) axes.push_back(static_cast<std::int64_t>(first + i));
  return writer.add("Unsqueeze", {value, writer.add_constant("axes", axes)});
}

// The layout of the first input that has as many dimensions as the result.
OnnxLayout merge_layout(const OnnxLayerWriter& writer) {
  const auto whole = std::ranges::find_if(
      writer.src(), [&](const OnnxValue& src) { return src.shape.rank() == writer.node().shape.rank(); });
  return whole->layout;
}

const char* onnx_name(MergeOperation operation) {
  switch (operation) {
    case MergeOperation::add:
      return "Add";
    case MergeOperation::subtract:
      return "Sub";
    case MergeOperation::multiply:
      return "Mul";
    case MergeOperation::average:
      return "Mean";
    case MergeOperation::maximum:
      return "Max";
    case MergeOperation::minimum:
      return "Min";
  }
  return "";
}

}  // namespace

OnnxValue write_merge(MergeOperation operation, OnnxLayerWriter& writer) {
  const OnnxLayout layout = merge_layout(writer);
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < writer.src().size(); ++i) {
    inputs.push_back(aligned(i, writer.node().shape.rank(), layout, writer));
  }
  const std::string name = onnx_name(operation);
  const bool takes_many = name == "Mean" || name == "Max" || name == "Min";
  if (takes_many) return writer.dst(writer.add(name, inputs), layout);
  std::string result = inputs[0];
  for (std::size_t i = 1; i < inputs.size(); ++i) result = writer.add(name, {result, inputs[i]});
  return writer.dst(result, layout);
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

OnnxValue write(const LayerNormalization& layer, OnnxLayerWriter& writer) {
  const auto dims = writer.node().shape.dims();
  const std::vector<std::int64_t> normalized(dims.end() - layer.dimensions, dims.end());
  std::vector<std::string> inputs = {writer.read(OnnxLayout::channels_last)};
  if (layer.scale) {
    inputs.push_back(writer.add_weight("gamma"));
  } else {
    const std::int64_t elements = Shape(normalized).elements();
    inputs.push_back(writer.add_constant("gamma", normalized,
                                         std::vector<float>(static_cast<std::size_t>(elements), 1.0f)));
  }
  if (layer.center) inputs.push_back(writer.add_weight("beta"));
  return writer.dst(
      writer.add("LayerNormalization", inputs, {{"axis", -layer.dimensions}, {"epsilon", layer.epsilon}}),
      OnnxLayout::channels_last);
}

OnnxValue write(const Normalization& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  const bool constant = !layer.mean.empty();
  const std::span<const float> mean = constant ? layer.mean : writer.weight("mean").values();
  const std::span<const float> variance = constant ? layer.variance : writer.weight("variance").values();
  std::vector<float> deviation;
  for (float v : variance) deviation.push_back(std::max(std::sqrt(v), 1e-7f));
  const std::size_t rank = src.shape.rank();
  const std::string centered =
      writer.add("Sub", {src.name, add_per_channel("mean", mean, rank, src.layout, writer)});
  return writer.dst(
      writer.add("Div", {centered, add_per_channel("deviation", deviation, rank, src.layout, writer)}),
      src.layout);
}

OnnxValue write(const Rescaling& layer, OnnxLayerWriter& writer) {
  const OnnxValue& src = writer.src()[0];
  const auto constant = [&](const char* name, const PerChannel& numbers) {
    return add_per_channel(name, numbers.numbers(), src.shape.rank(), src.layout, writer);
  };
  const std::string scaled = writer.add("Mul", {src.name, constant("scale", layer.scale)});
  return writer.dst(writer.add("Add", {scaled, constant("offset", layer.offset)}), src.layout);
}

}  // namespace petal
