#include "io/image/jpeg.h"

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

#include "engine/error.h"
#include "io/image/exif.h"

namespace petal {
namespace {

// Honest progressive files have some ten scans; one of thousands over a large photo would decode for hours.
constexpr int scan_limit = 100;

// libjpeg reports errors by a call that must not return. Each step below is a function of its own that sets
// the jump, holds no object with a destructor, and gives false where libjpeg failed.
struct Decompressor {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = {};
  char warning[JMSG_LENGTH_MAX] = {};
  bool ended_early = false;
  bool first_rows_missing = false;

  Decompressor() = default;
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
};

Decompressor& decompressor_of(j_common_ptr info) {
  return *static_cast<Decompressor*>(info->client_data);
}

[[noreturn]] void on_error(j_common_ptr info) {
  Decompressor& decompressor = decompressor_of(info);
  info->err->format_message(info, decompressor.message);
  std::longjmp(decompressor.jump, 1);
}

// A negative level is a warning: libjpeg made up for damaged data.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  Decompressor& decompressor = decompressor_of(info);
  if (info->err->num_warnings++ == 0) info->err->format_message(info, decompressor.warning);
  if (info->err->msg_code == JWRN_JPEG_EOF) decompressor.ended_early = true;
  const bool first_rows = decompressor.info.input_scan_number <= 1 && decompressor.info.input_iMCU_row == 0;
  if (info->err->msg_code == JWRN_HIT_MARKER && first_rows) decompressor.first_rows_missing = true;
}

void on_progress(j_common_ptr info) {
  Decompressor& decompressor = decompressor_of(info);
  if (decompressor.info.input_scan_number <= scan_limit) return;
  std::snprintf(decompressor.message, sizeof decompressor.message, "more than %d progressive scans",
                scan_limit);
  std::longjmp(decompressor.jump, 1);
}

bool read_header(Decompressor& decompressor, const unsigned char* bytes, unsigned long size) {
  jpeg_decompress_struct& info = decompressor.info;
  info.err = jpeg_std_error(&decompressor.errors);
  info.err->error_exit = on_error;
  info.err->emit_message = on_message;
  info.client_data = &decompressor;
  if (setjmp(decompressor.jump)) return false;
  jpeg_create_decompress(&info);
  decompressor.progress.progress_monitor = on_progress;
  info.progress = &decompressor.progress;
  jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_mem_src(&info, bytes, size);
  jpeg_read_header(&info, TRUE);
  const bool inks = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = inks ? JCS_CMYK : JCS_RGB;
  info.dct_method = JDCT_IFAST;
  info.do_fancy_upsampling = TRUE;
  return true;
}

void inks_to_rgb(const std::uint8_t* inks, std::int64_t width, bool inverted, std::uint8_t* rgb) {
  for (std::int64_t x = 0; x < width; ++x, inks += 4, rgb += 3) {
    const int black = inverted ? inks[3] : 255 - inks[3];
    for (int channel = 0; channel < 3; ++channel) {
      const int ink = inverted ? inks[channel] : 255 - inks[channel];
      rgb[channel] = static_cast<std::uint8_t>(black * ink / 255);
    }
  }
}

// `inks` has room for one row of four channels where the photo is CMYK, else it is not used.
bool read_pixels(Decompressor& decompressor, std::uint8_t* pixels, std::uint8_t* inks) {
  jpeg_decompress_struct& info = decompressor.info;
  if (setjmp(decompressor.jump)) return false;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    std::uint8_t* row = pixels + static_cast<std::size_t>(info.output_scanline) * info.output_width * 3;
    JSAMPROW out = info.out_color_space == JCS_CMYK ? inks : row;
    jpeg_read_scanlines(&info, &out, 1);
    if (out == inks) inks_to_rgb(inks, info.output_width, info.saw_Adobe_marker != 0, row);
  }
  return true;
}

// Reads on to the end marker, so that its absence is noticed.
bool finish(Decompressor& decompressor) {
  if (setjmp(decompressor.jump)) return false;
  jpeg_finish_decompress(&decompressor.info);
  return true;
}

int orientation_of(const jpeg_decompress_struct& info) {
  for (jpeg_saved_marker_ptr marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const std::span block(reinterpret_cast<const std::byte*>(marker->data), marker->data_length);
    if (has_exif_prefix(block)) return exif_orientation(block);
  }
  return 1;
}

std::string warnings_of(const Decompressor& decompressor) {
  const long count = decompressor.errors.num_warnings;
  if (count == 0) return {};
  std::string text = decompressor.warning;
  if (count > 1) text += " (and " + std::to_string(count - 1) + " more)";
  return text;
}

}  // namespace

StoredImage decode_jpeg(std::span<const std::byte> bytes, const std::string& name,
                        const DecodeOptions& options) {
  Decompressor decompressor;
  jpeg_decompress_struct& info = decompressor.info;
  const auto fail = [&](const std::string& what) -> void {
    throw Error(name, "cannot decode it as JPEG: " + what);
  };
  if (!read_header(decompressor, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()))
    fail(decompressor.message);

  StoredImage stored = allocate_image(info.image_height, info.image_width, name, options);
  std::vector<std::uint8_t> inks(info.out_color_space == JCS_CMYK ? std::size_t{info.image_width} * 4 : 0);
  if (!read_pixels(decompressor, stored.image.pixels.data(), inks.data())) fail(decompressor.message);
  if (decompressor.ended_early && decompressor.first_rows_missing)
    fail("the file ends before its first rows of pixels");
  stored.orientation = orientation_of(info);  // finishing frees the markers
  // The pixels are all there by now: what fails here is worth a warning only.
  if (!finish(decompressor) && decompressor.errors.num_warnings++ == 0)
    std::memcpy(decompressor.warning, decompressor.message, sizeof decompressor.warning);
  stored.image.warning = warnings_of(decompressor);
  return stored;
}

}  // namespace petal
