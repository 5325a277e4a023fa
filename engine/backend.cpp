#include "engine/backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/step_state.h"

namespace petal {

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::f16:
      return "f16";
    case Precision::f64:
      return "f64";
  }
  return "";
}

DataType data_type(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return DataType::f32;
    case Precision::bf16:
      return DataType::bf16;
    case Precision::f16:
      return DataType::f16;
    case Precision::f64:
      return DataType::f64;
  }
  return DataType::f32;
}

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::forward:
      return "forward";
    case Direction::backward_data:
      return "backward_data";
    case Direction::backward_weights:
      return "backward_weights";
  }
  return "";
}

void UpdateKernel::accumulate(std::span<const Part> parts, bool first) const {
  for (const auto& [sum, part, elements] : parts) {
    if (first) {
      std::copy_n(part, elements, sum);
    } else {
      for (std::int64_t i = 0; i < elements; ++i) sum[i] += part[i];
    }
  }
}

void UpdateKernel::scale_by_norms(const GradientClipping& clipping, const double* square_sums, int parameters,
                                  float* scales) const {
  const auto count = static_cast<std::size_t>(parameters);
  clipping_scales(clipping, {square_sums, count}, {scales, count});
}

void UpdateKernel::unscale(std::span<const Parameter> parameters, const LossScale* scale,
                           std::int32_t* finite) const {
  const float factor = 1.0f / scale->factor();
  *finite = 1;
  for (const Parameter& parameter : parameters) {
    for (std::int64_t i = 0; i < parameter.elements; ++i) {
      float& gradient = parameter.diff_weights[i];
      gradient *= factor;
      if (!std::isfinite(gradient)) *finite = 0;
    }
  }
}

void UpdateKernel::begin_step(StepState* state, const std::int32_t* finite, int count) const {
  state->begin_step(std::count(finite, finite + count, 0) == 0);
}

void throw_unsupported(const Backend& backend, const Node& node, Precision precision, Direction direction,
                       const std::string& reason) {
  throw Error(fmt::format("{} '{}'", kind(node.layer), node.name),
              fmt::format("the {} backend does not run it ({}, {}): {}", backend.name(), to_string(direction),
                          to_string(precision), reason));
}

}  // namespace petal
