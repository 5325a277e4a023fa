#pragma once

#include <map>
#include <string>

#include "engine/layers/layer.h"

namespace petal::bench {

// A layer's options as a shape list writes them, those that its speed depends on and that are not its
// defaults; of pooling also the strides: "filters=32 kernel=3x3 strides=2x2 padding=same activation=relu6".
// Sizes are height x width, explicit padding is top,bottom,left,right. Empty where there are none. Throws
// Error(`where`) for a layer that no list may hold: those of augmentation, preprocessing and training alone.
std::string options_text(const std::string& where, const Layer& layer);

// The layer of Keras's class `kind` with options by their names. Throws Error(`where`) that lists the known
// for a class or an option that is not, and names a malformed value.
Layer layer_from_options(const std::string& where, const std::string& kind,
                         std::map<std::string, std::string> options);

// Numbers from 0 to 2^20 with separators between: "3x3", "112,112,32". Throws Error(`where`) that quotes what
// is none; at least one, at most `most`.
std::vector<std::int64_t> read_numbers(const std::string& where, std::string_view text, char separator,
                                       std::size_t most);

}  // namespace petal::bench
