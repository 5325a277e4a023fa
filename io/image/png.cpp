#include "io/image/png.h"

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include <png.h>

#include "engine/error.h"
#include "io/image/exif.h"

namespace petal {
namespace {

// As with libjpeg: each step is a function that sets the jump, holds no object with a destructor, and gives
// false where libpng failed.
struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf jump{};
  const png_byte* next = nullptr;
  std::size_t left = 0;
  char message[200] = {};
  char warning[200] = {};
  int warnings = 0;

  PngReader() = default;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  PngReader& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
  std::snprintf(reader.message, sizeof reader.message, "%s", message);
  std::longjmp(reader.jump, 1);
}

void on_warning(png_structp png, png_const_charp message) {
  PngReader& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
  if (reader.warnings++ == 0) std::snprintf(reader.warning, sizeof reader.warning, "%s", message);
}

void on_read(png_structp png, png_bytep out, std::size_t size) {
  PngReader& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (size > reader.left) png_error(png, "the file ends before its image does");
  std::memcpy(out, reader.next, size);
  reader.next += size;
  reader.left -= size;
}

// Of the chunks beside the picture only eXIf is of use; the rest (profiles, texts) is not even parsed.
void ignore_ancillary_chunks(png_structp png) {
  static constexpr png_byte exif[] = {'e', 'X', 'I', 'f', 0};
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, exif, 1);
}

bool read_header(PngReader& reader) {
  std::snprintf(reader.message, sizeof reader.message, "libpng could not start");
  if (setjmp(reader.jump)) return false;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  if (reader.png == nullptr) return false;
  reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) return false;
  png_set_read_fn(reader.png, &reader, on_read);
  // The size is checked against the caller's own limit.
  png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  ignore_ancillary_chunks(reader.png);
  png_read_info(reader.png, reader.info);
  return true;
}

void set_rgb_output(png_structp png, png_const_infop info) {
  const png_byte color_type = png_get_color_type(png, info);
  if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (!(color_type & PNG_COLOR_MASK_COLOR)) {
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
  }
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
}

// `rows` has room for a pointer a row.
bool read_pixels(PngReader& reader, std::uint8_t* pixels, png_bytep* rows) {
  if (setjmp(reader.jump)) return false;
  set_rgb_output(reader.png, reader.info);
  png_read_update_info(reader.png, reader.info);
  const std::size_t height = png_get_image_height(reader.png, reader.info);
  const std::size_t stride = std::size_t{png_get_image_width(reader.png, reader.info)} * 3;
  // A wrong idea of the output format would write out of bounds.
  if (png_get_rowbytes(reader.png, reader.info) != stride) png_error(reader.png, "unexpected pixel format");
  for (std::size_t y = 0; y < height; ++y) rows[y] = pixels + y * stride;
  png_read_image(reader.png, rows);
  return true;
}

bool read_end(PngReader& reader) {
  if (setjmp(reader.jump)) return false;
  png_read_end(reader.png, reader.info);
  return true;
}

int orientation_of(PngReader& reader) {
  png_uint_32 size = 0;
  png_bytep block = nullptr;
  if (!png_get_eXIf_1(reader.png, reader.info, &size, &block)) return 1;
  return exif_orientation({reinterpret_cast<const std::byte*>(block), size});
}

}  // namespace

StoredImage decode_png(std::span<const std::byte> bytes, const std::string& name,
                       const DecodeOptions& options) {
  PngReader reader;
  reader.next = reinterpret_cast<const png_byte*>(bytes.data());
  reader.left = bytes.size();
  const auto fail = [&]() -> void {
    throw Error(name, std::string("cannot decode it as PNG: ") + reader.message);
  };
  if (!read_header(reader)) fail();

  const std::int64_t height = png_get_image_height(reader.png, reader.info);
  const std::int64_t width = png_get_image_width(reader.png, reader.info);
  StoredImage stored = allocate_image(height, width, name, options);
  std::vector<png_bytep> rows(static_cast<std::size_t>(height));
  if (!read_pixels(reader, stored.image.pixels.data(), rows.data())) fail();
  // The pixels are all there by now: what fails here is worth a warning only.
  stored.image.warning = read_end(reader) ? reader.warning : reader.message;
  stored.orientation = orientation_of(reader);
  return stored;
}

}  // namespace petal
