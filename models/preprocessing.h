#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/layers/layer.h"

namespace petal {

using NamedLayers = std::vector<std::pair<std::string, Layer>>;

// What a network wants done to photos in 0..255 first, as layers in front of it whose weights are stated
// (Initializer::Kind::values): the modes of Keras's preprocess_input, "tf" (x / 127.5 - 1), "caffe" (BGR less
// the means of ImageNet) and "torch" (x / 255, less the means, by the deviations), besides "unit" (x / 255)
// and "none". Throws Error(--preprocessing) that lists them for any other.
NamedLayers preprocessing_by_name(std::string_view mode);

// The range of pixels behind the preprocessing, where augmentation stands.
Range pixel_range(const NamedLayers& preprocessing);

}  // namespace petal
