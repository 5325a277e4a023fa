#include "engine/layers/activity_regularization.h"

namespace petal {

Shape infer_shape(const ActivityRegularization&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const ActivityRegularization&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const ActivityRegularization&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const ActivityRegularization&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
