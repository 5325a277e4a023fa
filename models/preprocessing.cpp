#include "models/preprocessing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/error.h"

namespace petal {
namespace {

// One layer that mixes channels as it scales and shifts them, and that Keras opens too: a convolution of one
// pixel whose weights are stated.
NamedLayers channel_map(std::vector<float> kernel, std::vector<float> bias) {
  const Initializer weights{.kind = Initializer::Kind::values, .values = std::move(kernel)};
  const Initializer shift{.kind = Initializer::Kind::values, .values = std::move(bias)};
  return {
      {"preprocess_input", Conv2D{.filters = 3, .kernel_initializer = weights, .bias_initializer = shift}}};
}

// RGB to BGR, less the means of ImageNet. To the same bits as Keras: one product with 1, sums with 0, one
// bias.
NamedLayers caffe() {
  return channel_map({0, 0, 1, 0, 1, 0, 1, 0, 0}, {-103.939f, -116.779f, -123.68f});
}

// (x / 255 - mean) / deviation, each a channel's of ImageNet.
NamedLayers torch() {
  constexpr std::array mean = {0.485f, 0.456f, 0.406f}, deviation = {0.229f, 0.224f, 0.225f};
  std::vector<float> kernel(9), bias(3);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    kernel[channel * 4] = 1.0f / (255.0f * deviation[channel]);
    bias[channel] = -mean[channel] / deviation[channel];
  }
  return channel_map(std::move(kernel), std::move(bias));
}

// From the least to the largest value of any channel.
Range range_behind(const Rescaling& layer, const Range& range) {
  Range all{INFINITY, -INFINITY};
  const auto channels = std::max(layer.scale.numbers().size(), layer.offset.numbers().size());
  for (std::int64_t c = 0; c < static_cast<std::int64_t>(channels); ++c) {
    for (const float end : {range.lower, range.upper}) {
      const float value = end * layer.scale[c] + layer.offset[c];
      all = {std::min(all.lower, value), std::max(all.upper, value)};
    }
  }
  return all;
}

// All values between that a convolution of one pixel can give: where a weight is negative, the other end of
// the range is the one that counts.
Range range_behind(const Conv2D& layer, Range range) {
  const std::vector<float>& kernel = layer.kernel_initializer.values;
  const std::vector<float>& bias = layer.bias_initializer.values;
  Range all{};
  for (std::size_t filter = 0; filter < bias.size(); ++filter) {
    Range one{bias[filter], bias[filter]};
    for (std::size_t at = filter; at < kernel.size(); at += bias.size()) {
      one.lower += kernel[at] * (kernel[at] < 0 ? range.upper : range.lower);
      one.upper += kernel[at] * (kernel[at] < 0 ? range.lower : range.upper);
    }
    all = filter == 0 ? one : Range{std::min(all.lower, one.lower), std::max(all.upper, one.upper)};
  }
  return all;
}

}  // namespace

NamedLayers preprocessing_by_name(std::string_view mode) {
  if (mode == "none") return {};
  if (mode == "tf") return {{"rescaling", Rescaling{.scale = 1.0f / 127.5f, .offset = -1.0f}}};
  if (mode == "unit") return {{"rescaling", Rescaling{.scale = 1.0f / 255.0f}}};
  if (mode == "caffe") return caffe();
  if (mode == "torch") return torch();
  throw Error("--preprocessing",
              fmt::format("'{}' is not known; known are none, tf, unit, caffe, torch", mode));
}

Range pixel_range(const NamedLayers& preprocessing) {
  Range range{0, 255};
  for (const auto& [name, layer] : preprocessing) {
    if (const auto* rescaling = std::get_if<Rescaling>(&layer)) {
      range = range_behind(*rescaling, range);
    } else {
      range = range_behind(std::get<Conv2D>(layer), range);
    }
  }
  return range;
}

}  // namespace petal
