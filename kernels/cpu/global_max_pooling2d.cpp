#include <limits>

#include "kernels/cpu/global_pooling.h"

namespace petal::cpu {

Support supports(const GlobalMaxPooling2D&, Direction direction) {
  if (direction == Direction::forward) return {};
  return {false, "the gradient of max pooling arrives with training of the base"};
}

KernelPointer prepare(const GlobalMaxPooling2D&, const Device&, const PrepareContext& context) {
  const auto fold = [](float largest, float element) { return element > largest ? element : largest; };
  const auto finish = [](float largest) { return largest; };
  return std::make_unique<GlobalPooling<decltype(fold), decltype(finish)>>(
      context.src[0].shape, -std::numeric_limits<float>::infinity(), fold, finish);
}

}  // namespace petal::cpu
