#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace petal {

// A decoded photo: RGB, 8 bits, (height, width, 3), top row first.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;
  // What the decoder complained of though it gave pixels ("premature end of JPEG file"); empty for a sound
  // file.
  std::string warning;
};

struct DecodeOptions {
  // Turn the photo upright by its EXIF orientation. Keras does not: false gives Keras's pixels.
  bool apply_exif_orientation = true;
  // Where decode_resized is to give a JPEG at no more than a half, a quarter or an eighth of its height and
  // width, decode it at the smallest of these that is still as large, by inverse cosine transforms of fewer
  // points: faster, and smoother than the resize of all pixels, so other numbers. Changes nothing else.
  bool fast = false;
  // Larger photos are refused before memory is taken for them.
  std::int64_t pixel_limit = 256'000'000;
};

// Decodes JPEG, PNG or WebP, told apart by content, never by the file's name. Throws Error(`name`) where the
// bytes are no such image, are damaged beyond decoding, or exceed the limit; a truncated JPEG with decodable
// rows gives an Image with `warning` set. Safe to call from many threads.
Image decode_image(std::span<const std::byte> bytes, const std::string& name,
                   const DecodeOptions& options = {});

// The bytes of a whole file. Throws Error that names the file and says why.
std::vector<std::byte> read_file(const std::filesystem::path& path);

Image read_image(const std::filesystem::path& path, const DecodeOptions& options = {});

// True for the names that a dataset takes for photos: .jpg .jpeg .png .webp, any case.
bool has_image_suffix(const std::filesystem::path& path);

// Bilinear resize equal to tf.image.resize(method="bilinear", antialias=False): half-pixel centres,
// in = (out + 0.5) * scale - 0.5, edges clamped. Assigns dst, (height, width, 3) in 0..255, not rounded.
void resize_bilinear(const Image& src, std::int64_t height, std::int64_t width, float* dst);

// decode_image and resize_bilinear in one, to the bit where not `fast`: assigns dst, (height, width, 3), and
// returns the warning. A JPEG is resized, and turned, while it is decoded and never held whole. Throws as
// both; dst then holds anything.
std::string decode_resized(std::span<const std::byte> bytes, const std::string& name,
                           const DecodeOptions& options, std::int64_t height, std::int64_t width, float* dst);

// Writes a baseline JPEG, beside and renamed over. Throws Error(failure) where it cannot.
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality = 92);

}  // namespace petal
