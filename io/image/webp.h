#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "io/image/stored_image.h"

namespace petal {

// Still WebP, lossy or lossless; alpha is dropped. Throws Error(`name`); animations are refused.
StoredImage decode_webp(std::span<const std::byte> bytes, const std::string& name,
                        const DecodeOptions& options);

}  // namespace petal
