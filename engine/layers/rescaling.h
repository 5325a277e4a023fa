#pragma once

#include "engine/layers/parts.h"

namespace petal {

// dst = src * scale + offset, in float32 whatever src is (uint8 pixels among them).
struct Rescaling {
  static constexpr std::string_view kind = "Rescaling";
  float scale = 1.0f;
  float offset = 0.0f;
  friend bool operator==(const Rescaling&, const Rescaling&) = default;
};

Shape infer_shape(const Rescaling& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Rescaling& layer, std::span<const Shape> src);
std::int64_t operations(const Rescaling& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Rescaling& layer);

}  // namespace petal
