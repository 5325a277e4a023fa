#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "io/image/stored_image.h"

namespace petal {

// PNG of every bit depth and colour type, with the pixels of tf.io.decode_png(channels=3): 16 bits keep their
// high byte, alpha and transparent colours are dropped, gamma and colour profiles passed over. Throws
// Error(`name`).
StoredImage decode_png(std::span<const std::byte> bytes, const std::string& name,
                       const DecodeOptions& options);

}  // namespace petal
