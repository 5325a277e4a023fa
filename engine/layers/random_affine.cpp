#include "engine/layers/random_affine.h"

#include "engine/error.h"

namespace petal {

std::optional<Sampling> sampling_of(const GeometricLayer& layer) {
  return std::visit(
      [](const auto& l) -> std::optional<Sampling> {
        if constexpr (requires { l.fill_mode; }) {
          return Sampling{l.fill_mode, l.interpolation, l.fill_value};
        } else {
          return std::nullopt;
        }
      },
      layer);
}

const RandomCrop* crop_of(const RandomAffine& layer) {
  for (const RandomAffine::Part& part : layer.parts) {
    if (const auto* crop = std::get_if<RandomCrop>(&part.layer)) return crop;
  }
  return nullptr;
}

Shape infer_shape(const RandomAffine& layer, std::string_view where, std::span<const Shape> src) {
  require_photo(where, src);
  Shape shape = src[0];
  bool cropped = false;
  for (const RandomAffine::Part& part : layer.parts) {
    const auto* crop = std::get_if<RandomCrop>(&part.layer);
    if (crop != nullptr && (cropped || !crops_at_random(*crop, {shape[0], shape[1]}))) {
      throw Error(std::string(where), "holds two crops, or one as large as its photo of " +
                                          shape.to_string() + "; such a RandomCrop stands alone");
    }
    cropped = cropped || crop != nullptr;
    shape =
        std::visit([&](const auto& l) { return infer_shape(l, where, std::span(&shape, 1)); }, part.layer);
  }
  return shape;
}

std::vector<WeightDeclaration> declare_weights(const RandomAffine&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const RandomAffine&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const RandomAffine&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
