#include "io/image/webp.h"

#include <cstdint>
#include <cstring>

#include <webp/decode.h>

#include "engine/error.h"
#include "io/image/exif.h"

namespace petal {
namespace {

const char* reason(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return "not enough memory";
    case VP8_STATUS_BITSTREAM_ERROR:
      return "the data is damaged";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses an unsupported feature";
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return "the file ends before its image does";
    default:
      return "the header is damaged";
  }
}

// Walks the chunks of the RIFF container: a four-letter name, a little-endian size, the data padded to an
// even size.
int orientation_of(std::span<const std::byte> bytes) {
  std::size_t at = 12;
  while (at + 8 <= bytes.size()) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size |= std::to_integer<std::size_t>(bytes[at + 4 + i]) << (8 * i);
    const std::size_t data = at + 8;
    if (size > bytes.size() - data) return 1;
    if (std::memcmp(bytes.data() + at, "EXIF", 4) == 0) return exif_orientation(bytes.subspan(data, size));
    at = data + size + size % 2;
  }
  return 1;
}

}  // namespace

StoredImage decode_webp(std::span<const std::byte> bytes, const std::string& name,
                        const DecodeOptions& options) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto fail = [&](const std::string& what) -> void {
    throw Error(name, "cannot decode it as WebP: " + what);
  };

  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) fail("the library's version differs from its header's");
  const VP8StatusCode header = WebPGetFeatures(data, bytes.size(), &config.input);
  if (header != VP8_STATUS_OK) fail(reason(header));
  if (config.input.has_animation) fail("it is an animation, expected a still picture");

  StoredImage stored = allocate_image(config.input.height, config.input.width, name, options);
  // Into our own memory: libwebp then allocates no picture that would have to be freed.
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = stored.image.pixels.data();
  config.output.u.RGBA.stride = config.input.width * 3;
  config.output.u.RGBA.size = stored.image.pixels.size();
  const VP8StatusCode status = WebPDecode(data, bytes.size(), &config);
  if (status != VP8_STATUS_OK) fail(reason(status));
  stored.orientation = orientation_of(bytes);
  return stored;
}

}  // namespace petal
