#pragma once

#include <string_view>

#include "models/registry.h"

namespace petal {

// The augmentation of a training: layers between the preprocessing and the network's body.
struct Augmentation {
  NamedLayers layers{};         // names as Keras gives them: "random_flip", "random_rotation", ...
  std::int64_t input_size = 0;  // pixels a side of the photos that go in: more than the body takes where they
                                // are cropped
};

// Reads a list like "flip,rotation=0.2,zoom=-0.1:0.3", in the order in which the layers are to stand, for a
// body that takes photos of `body_size` pixels a side; `value_range`: the least and the largest value of a
// pixel where the layers stand.
//   flip, flip=horizontal, flip=vertical, flip=both    mirrors; alone: horizontal
//   rotation=F       by up to F full turns
//   zoom=F           by up to F of the size, both ways; more than 0 shows more
//   translation=F    by up to F of the height and of the width
//   contrast=F, brightness=F
//   crop=F           a window of F of each side
// F is an amount for both directions, or LOWEST:HIGHEST (of contrast: the largest loss and gain, both from 0
// to 1); of crop a share between 0 and 1. "" and "none": no layer. Throws Error(--augment) that lists these
// for what it does not know, and names what is malformed or stated twice.
Augmentation read_augmentation(std::string_view text, Range value_range, std::int64_t body_size);

}  // namespace petal
