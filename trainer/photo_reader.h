#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "io/dataset/image_folder.h"
#include "io/image/image.h"

namespace petal {

// Something to tell about one photo: why it was left out, or what its decoder complained of.
struct PhotoMessage {
  std::string photo;  // Photo::name
  std::string message;
};

// What reading one photo came to.
struct PhotoOutcome {
  enum class State { pending, decoded, skipped };
  State state = State::pending;
  std::string message;  // skipped: why; decoded: the decoder's warning, mostly empty
};

// Reads one photo and resizes it to (height, width, 3), RGB in 0..255, at dst; a photo that cannot be read or
// decoded gives State::skipped and zeros. `seen`, where given, is called with the bytes that were decoded.
// Safe from many threads.
PhotoOutcome read_photo(const Photo& photo, std::int64_t height, std::int64_t width,
                        const DecodeOptions& options, float* dst,
                        const std::function<void(std::span<const std::byte>)>& seen = {});

}  // namespace petal
