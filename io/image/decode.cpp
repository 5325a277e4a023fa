#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>

#include "engine/error.h"
#include "io/image/image.h"
#include "io/image/jpeg.h"
#include "io/image/png.h"
#include "io/image/resize.h"
#include "io/image/stored_image.h"
#include "io/image/turned_resize.h"
#include "io/image/webp.h"

namespace petal {
namespace {

using Bytes = std::span<const std::byte>;

bool has_at(Bytes bytes, std::size_t offset, std::string_view signature) {
  return bytes.size() >= offset + signature.size() &&
         std::equal(signature.begin(), signature.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

bool is_jpeg(Bytes bytes) {
  return has_at(bytes, 0, "\xFF\xD8\xFF");
}
bool is_png(Bytes bytes) {
  return has_at(bytes, 0, "\x89PNG\r\n\x1A\n");
}
bool is_webp(Bytes bytes) {
  return has_at(bytes, 0, "RIFF") && has_at(bytes, 8, "WEBP");
}

// Formats that photos come in and that we do not read: named, so that the user knows what to convert.
std::string found_instead(Bytes bytes) {
  struct Format {
    std::size_t offset;
    std::string_view signature;
    const char* name;
  };
  static constexpr std::array formats = {Format{0, "GIF8", "a GIF"},        Format{0, "BM", "a BMP"},
                                         Format{0, {"II*\0", 4}, "a TIFF"}, Format{0, {"MM\0*", 4}, "a TIFF"},
                                         Format{4, "ftypavif", "an AVIF"},  Format{4, "ftyphei", "a HEIC"},
                                         Format{4, "ftypmif1", "a HEIC"}};
  for (const Format& format : formats)
    if (has_at(bytes, format.offset, format.signature)) return std::string("is ") + format.name + " image";
  if (bytes.empty()) return "is empty";
  return "is no image that Petal knows";
}

StoredImage decode_stored(Bytes bytes, const std::string& name, const DecodeOptions& options) {
  if (is_jpeg(bytes)) {
    JpegReader reader(bytes, name, options);
    return decode_jpeg(reader, name, options);
  }
  if (is_png(bytes)) return decode_png(bytes, name, options);
  if (is_webp(bytes)) return decode_webp(bytes, name, options);
  throw Error(name, found_instead(bytes) + ", expected JPEG, PNG or WebP: convert or remove it");
}

[[noreturn]] void fail_to_read(const std::filesystem::path& path, int error) {
  throw Error(path.string(), "cannot read it: " + std::generic_category().message(error));
}

// As many rows as fit into the core's cache beside the decoder's tables, which a change from decoding to
// resizing at each row would push out of the nearest.
constexpr std::int64_t strip_height = 64;

// Decodes into the resize strip by strip, so that no memory is taken for the whole photo.
template <class Resizer>
std::string resize_rows(JpegReader& reader, Resizer resizer) {
  const std::int64_t stride = reader.width() * 3;
  std::vector<std::uint8_t> strip(static_cast<std::size_t>(std::min(strip_height, reader.height()) * stride));
  for (std::int64_t first = 0; first < reader.height(); first += strip_height) {
    const std::int64_t rows = std::min(strip_height, reader.height() - first);
    for (std::int64_t y = 0; y < rows; ++y) reader.read_row(strip.data() + y * stride);
    for (std::int64_t y = 0; y < rows; ++y) resizer.push(strip.data() + y * stride);
  }
  return reader.finish();
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, const std::string& name, const DecodeOptions& options) {
  StoredImage stored = decode_stored(bytes, name, options);
  return options.apply_exif_orientation ? turn_upright(std::move(stored)) : std::move(stored.image);
}

std::string decode_resized(std::span<const std::byte> bytes, const std::string& name,
                           const DecodeOptions& options, std::int64_t height, std::int64_t width,
                           float* dst) {
  if (is_jpeg(bytes)) {
    JpegReader reader(bytes, name, options, {.height = height, .width = width});
    const std::int64_t rows = reader.height(), columns = reader.width();
    if (reader.orientation() == 1 || !options.apply_exif_orientation)
      return resize_rows(reader, BilinearResizer(rows, columns, height, width, dst));
    return resize_rows(reader, TurnedResizer(rows, columns, reader.orientation(), height, width, dst));
  }
  const Image image = decode_image(bytes, name, options);
  resize_bilinear(image, height, width, dst);
  return image.warning;
}

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  // Looked at before it is opened: opening a pipe would wait for its writer.
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail_to_read(path, errno);
  if (!S_ISREG(status.st_mode)) throw Error(path.string(), "is not a regular file, expected a file to read");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) fail_to_read(path, errno);

  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  errno = 0;
  const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), file.get());
  if (std::ferror(file.get())) fail_to_read(path, errno);
  bytes.resize(count);
  return bytes;
}

Image read_image(const std::filesystem::path& path, const DecodeOptions& options) {
  return decode_image(read_file(path), path.string(), options);
}

bool has_image_suffix(const std::filesystem::path& path) {
  std::string suffix = path.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return suffix == ".jpg" || suffix == ".jpeg" || suffix == ".png" || suffix == ".webp";
}

}  // namespace petal
