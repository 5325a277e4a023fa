#include "engine/layers/random_flip.h"

namespace petal {

std::string_view to_string(RandomFlip::Mode mode) {
  switch (mode) {
    case RandomFlip::Mode::horizontal:
      return "horizontal";
    case RandomFlip::Mode::vertical:
      return "vertical";
    case RandomFlip::Mode::horizontal_and_vertical:
      return "horizontal_and_vertical";
  }
  return "";
}

Shape infer_shape(const RandomFlip&, std::string_view where, std::span<const Shape> src) {
  require_photo(where, src);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const RandomFlip&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const RandomFlip&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const RandomFlip&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
