#pragma once

#include "engine/layers/parts.h"
#include "io/onnx/graph_writer.h"

namespace petal {

// Height and width of an image's value.
inline Size2D image_size(const OnnxValue& value) {
  return {value.shape[0], value.shape[1]};
}

// kernel_shape, strides and pads of a Conv, MaxPool or AveragePool; the dilations are Conv's.
inline OnnxAttributes window_attributes(const Window& window) {
  const auto pair = [](Size2D size) { return std::vector<std::int64_t>{size.height, size.width}; };
  const Padding2D& pads = window.padding;
  OnnxAttributes attributes = {
      {"kernel_shape", pair(window.kernel)},
      {"strides", pair(window.strides)},
      {"pads", std::vector<std::int64_t>{pads.top, pads.left, pads.bottom, pads.right}}};
  if (window.dilation != Size2D{1, 1}) attributes.push_back({"dilations", pair(window.dilation)});
  return attributes;
}

}  // namespace petal
