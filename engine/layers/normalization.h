#pragma once

#include "engine/layers/parts.h"

namespace petal {

// dst = (src - mean) / max(sqrt(variance), 1e-7), as Keras, by channel (the innermost dimension) or with one
// mean and variance for all. They are the statistics mean, variance and, which nothing reads but Keras,
// count, that Keras's adapt() found; or constants of the layer, one number or one a channel. Training does
// not move them.
struct Normalization {
  static constexpr std::string_view kind = "Normalization";
  bool by_channel = true;
  std::vector<float> mean{}, variance{};  // the constants; empty: statistics
  friend bool operator==(const Normalization&, const Normalization&) = default;
};

Shape infer_shape(const Normalization& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Normalization& layer, std::span<const Shape> src);
std::int64_t operations(const Normalization& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Normalization& layer);

}  // namespace petal
