#include "trainer/photo_reader.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"

namespace petal {

PhotoOutcome read_photo(const Photo& photo, std::int64_t height, std::int64_t width,
                        const DecodeOptions& options, float* dst,
                        const std::function<void(std::span<const std::byte>)>& seen) {
  try {
    const std::vector<std::byte> bytes = read_file(photo.path);
    std::string warning = decode_resized(bytes, photo.name, options, height, width, dst);
    if (seen) seen(bytes);
    return {PhotoOutcome::State::decoded, std::move(warning)};
  } catch (const Error& error) {
    std::fill_n(dst, height * width * 3, 0.0f);
    return {PhotoOutcome::State::skipped, error.what()};
  }
}

}  // namespace petal
