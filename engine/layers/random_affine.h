#pragma once

#include <cstdint>
#include <variant>

#include "engine/layers/random_crop.h"
#include "engine/layers/random_flip.h"
#include "engine/layers/random_rotation.h"
#include "engine/layers/random_translation.h"
#include "engine/layers/random_zoom.h"

namespace petal {

// The layers that move pixels and change none.
using GeometricLayer = std::variant<RandomFlip, RandomRotation, RandomZoom, RandomTranslation, RandomCrop>;

// How the layer reads between and beyond pixels; null for those that never do (flip, and crop at random).
std::optional<Sampling> sampling_of(const GeometricLayer& layer);

// A chain of geometric layers as one: what the pass compose_augmentation makes, and Keras has no layer for.
// Training: the parts' affine maps, each drawn as the part would alone, are multiplied, and the photo is read
// once through the product. Inference: its crop, if it has one.
//
// Where the result is not Keras's, who reads the photo anew in each layer: Keras's is blurred once more by
// each layer; what a layer pushed out of the picture is lost for the next one there and still at hand here;
// and where Keras fills from the filled picture of the layer before, here the photo itself continues beyond
// its border. Flips and crops, which never interpolate, are exact.
struct RandomAffine {
  static constexpr std::string_view kind = "RandomAffine";
  struct Part {
    GeometricLayer layer;
    std::uint32_t number = 0;  // of the layer that it was, which keys its random numbers
    friend bool operator==(const Part&, const Part&) = default;
  };
  std::vector<Part> parts{};  // in order of the chain; at most one crop, and that at random
  Sampling sampling{};
  friend bool operator==(const RandomAffine&, const RandomAffine&) = default;
};

// Null where there is none.
const RandomCrop* crop_of(const RandomAffine& layer);

Shape infer_shape(const RandomAffine& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomAffine& layer, std::span<const Shape> src);
std::int64_t operations(const RandomAffine& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomAffine& layer);

}  // namespace petal
