#include "engine/layers/random_crop.h"

namespace petal {

Shape infer_shape(const RandomCrop& layer, std::string_view where, std::span<const Shape> src) {
  require_photo(where, src);
  const Shape dst{layer.height, layer.width, src[0][2]};
  require_photo(where, std::span(&dst, 1));
  return dst;
}

bool crops_at_random(const RandomCrop& layer, Size2D photo) {
  return photo.height > layer.height && photo.width > layer.width;
}

std::vector<WeightDeclaration> declare_weights(const RandomCrop&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const RandomCrop&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const RandomCrop&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
