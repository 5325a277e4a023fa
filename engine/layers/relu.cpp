#include "engine/layers/relu.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const ReLU& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  // Written so that not-a-number is refused too.
  if (!(layer.max_value >= 0.0f) || !(layer.negative_slope >= 0.0f) || !(layer.threshold >= 0.0f)) {
    throw Error(std::string(where), "max_value " + std::to_string(layer.max_value) + ", negative_slope " +
                                        std::to_string(layer.negative_slope) + " and threshold " +
                                        std::to_string(layer.threshold) + " must all be 0 or more");
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const ReLU&, std::span<const Shape>) {
  return {};
}

// Two comparisons, a subtraction and a product.
std::int64_t operations(const ReLU&, std::span<const Shape> src) {
  return 4 * src[0].elements();
}

BackwardNeeds backward_needs(const ReLU&) {
  return {.src = true, .dst = false};
}

}  // namespace petal
