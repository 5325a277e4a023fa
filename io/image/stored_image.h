#pragma once

#include <cstdint>
#include <string>

#include "io/image/image.h"

namespace petal {

// A photo as its file stores it, and how it is to be turned: the EXIF orientation, 1 (upright) to 8.
struct StoredImage {
  Image image;
  int orientation = 1;
};

// Throws Error(`name`) where a photo of that size exceeds the limit or has no pixels.
void require_size(std::int64_t height, std::int64_t width, const std::string& name,
                  const DecodeOptions& options);

// An image of that size with its pixels in place, all zero. Throws Error(`name`) where it exceeds the limit,
// before any memory is taken, or where there is not enough memory.
StoredImage allocate_image(std::int64_t height, std::int64_t width, const std::string& name,
                           const DecodeOptions& options);

// How an image is turned upright: its columns and its rows mirrored, then the two exchanged.
struct Turn {
  bool mirror_columns = false, mirror_rows = false, transposed = false;
};

// What an EXIF orientation, 1 to 8, asks for; nothing where it is none.
Turn turn_of(int orientation);

// The image turned and mirrored as its orientation says.
Image turn_upright(StoredImage stored);

}  // namespace petal
