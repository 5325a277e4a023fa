#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Nothing in inference. In Keras's training l1 * sum|src| + l2 * sum(src^2) joins the loss, which Petal
// lacks: no backend has the layer's backward.
struct ActivityRegularization {
  static constexpr std::string_view kind = "ActivityRegularization";
  float l1 = 0.0f;
  float l2 = 0.0f;
  friend bool operator==(const ActivityRegularization&, const ActivityRegularization&) = default;
};

Shape infer_shape(const ActivityRegularization& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const ActivityRegularization& layer,
                                               std::span<const Shape> src);
std::int64_t operations(const ActivityRegularization& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const ActivityRegularization& layer);

}  // namespace petal
