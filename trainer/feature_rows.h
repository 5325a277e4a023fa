#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "engine/graph.h"
#include "engine/tensor.h"

namespace petal {

// The numbers of one sample for all inputs of the graph, one input behind the other: what a feature row
// holds.
inline std::int64_t input_width(const Graph& graph) {
  std::int64_t width = 0;
  for (const int input : graph.inputs()) width += graph[input].shape.elements();
  return width;
}

// Row `row` of a matrix (m, width), float32.
inline std::span<const float> feature_row(const Tensor& features, std::int64_t row) {
  const auto width = static_cast<std::size_t>(features.shape()[1]);
  return features.values<float>().subspan(static_cast<std::size_t>(row) * width, width);
}

// Writes rows of `features` (m, width) into the inputs of a plan of at least as many samples; samples behind
// them are zeros.
template <class AnyPlan>
void write_rows(const Tensor& features, std::span<const std::int64_t> rows, AnyPlan& plan) {
  std::size_t offset = 0;
  for (std::size_t input = 0; input < plan.inputs().size(); ++input) {
    const Shape& shape = plan.inputs()[input].shape;
    const auto width = static_cast<std::size_t>(shape.without_batch().elements());
    float* dst = reinterpret_cast<float*>(plan.input(input));
    float* const end = dst + shape.elements();
    for (const std::int64_t row : rows) {
      dst = std::ranges::copy(feature_row(features, row).subspan(offset, width), dst).out;
    }
    std::fill(dst, end, 0.0f);
    offset += width;
  }
}

}  // namespace petal
