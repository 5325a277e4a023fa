#pragma once

#include <cstddef>
#include <span>

namespace petal {

// The orientation, 1 to 8, that an EXIF block states in its first directory (tag 0x0112; EXIF 2.32,
// section 4.6). The block is a TIFF file, with or without the "Exif\0\0" before it that JPEG demands. 1 where
// it states none or is malformed: a photo is never refused for its EXIF.
int exif_orientation(std::span<const std::byte> block);

// True where the block begins with "Exif\0\0", as JPEG's APP1 segments do that hold EXIF and not XMP.
bool has_exif_prefix(std::span<const std::byte> block);

}  // namespace petal
