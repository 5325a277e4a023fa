#include "io/image/jpeg.h"

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#include <jerror.h>
#include <jpeglib.h>

#include "engine/error.h"
#include "io/image/exif.h"

namespace petal {

// libjpeg reports errors by a call that must not return. Each step below is a function of its own that sets
// the jump, holds no object with a destructor, and gives false where libjpeg failed.
struct JpegDecompressor {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = {};
  char warning[JMSG_LENGTH_MAX] = {};
  bool started = false;
  bool ended_early = false;
  bool first_rows_missing = false;

  JpegDecompressor() = default;
  ~JpegDecompressor() { jpeg_destroy_decompress(&info); }
  JpegDecompressor(const JpegDecompressor&) = delete;
  JpegDecompressor& operator=(const JpegDecompressor&) = delete;
};

namespace {

// Honest progressive files have some ten scans; one of thousands over a large photo would decode for hours.
constexpr int scan_limit = 100;

JpegDecompressor& decompressor_of(j_common_ptr info) {
  return *static_cast<JpegDecompressor*>(info->client_data);
}

[[noreturn]] void on_error(j_common_ptr info) {
  JpegDecompressor& decompressor = decompressor_of(info);
  info->err->format_message(info, decompressor.message);
  std::longjmp(decompressor.jump, 1);
}

// A negative level is a warning: libjpeg made up for damaged data.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  JpegDecompressor& decompressor = decompressor_of(info);
  if (info->err->num_warnings++ == 0) info->err->format_message(info, decompressor.warning);
  if (info->err->msg_code == JWRN_JPEG_EOF) decompressor.ended_early = true;
  const bool first_rows = decompressor.info.input_scan_number <= 1 && decompressor.info.input_iMCU_row == 0;
  if (info->err->msg_code == JWRN_HIT_MARKER && first_rows) decompressor.first_rows_missing = true;
}

void on_progress(j_common_ptr info) {
  JpegDecompressor& decompressor = decompressor_of(info);
  if (decompressor.info.input_scan_number <= scan_limit) return;
  std::snprintf(decompressor.message, sizeof decompressor.message, "more than %d progressive scans",
                scan_limit);
  std::longjmp(decompressor.jump, 1);
}

bool read_header(JpegDecompressor& decompressor, const unsigned char* bytes, unsigned long size) {
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

bool start(JpegDecompressor& decompressor) {
  if (setjmp(decompressor.jump)) return false;
  jpeg_start_decompress(&decompressor.info);
  decompressor.started = true;
  return true;
}

bool read_scanline(JpegDecompressor& decompressor, JSAMPROW* row) {
  if (setjmp(decompressor.jump)) return false;
  jpeg_read_scanlines(&decompressor.info, row, 1);
  return true;
}

// Reads on to the end marker, so that its absence is noticed.
bool read_end(JpegDecompressor& decompressor) {
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

std::string warnings_of(const JpegDecompressor& decompressor) {
  const long count = decompressor.errors.num_warnings;
  if (count == 0) return {};
  std::string text = decompressor.warning;
  if (count > 1) text += " (and " + std::to_string(count - 1) + " more)";
  return text;
}

// The eighths of its size that a photo is decoded at. Not three, five, six or seven: these transforms are not
// vectorised in libjpeg-turbo, and take longer than all eight.
unsigned enough_eighths(const jpeg_decompress_struct& info, ImageSize least) {
  const auto size = [](unsigned whole, unsigned eighths) { return (std::int64_t{whole} * eighths + 7) / 8; };
  for (const unsigned eighths : {1u, 2u, 4u})
    if (size(info.image_height, eighths) >= least.height && size(info.image_width, eighths) >= least.width)
      return eighths;
  return 8;
}

bool scale(JpegDecompressor& decompressor, unsigned eighths) {
  if (setjmp(decompressor.jump)) return false;
  decompressor.info.scale_num = eighths;
  decompressor.info.scale_denom = 8;
  jpeg_calc_output_dimensions(&decompressor.info);
  return true;
}

}  // namespace

JpegReader::JpegReader(std::span<const std::byte> bytes, const std::string& name,
                       const DecodeOptions& options, ImageSize least)
    : decompressor_(std::make_unique<JpegDecompressor>()), name_(name) {
  const jpeg_decompress_struct& info = decompressor_->info;
  if (!read_header(*decompressor_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()))
    fail(decompressor_->message);
  require_size(info.image_height, info.image_width, name, options);
  orientation_ = orientation_of(info);
  if (options.apply_exif_orientation && orientation_ >= 5) std::swap(least.height, least.width);
  const bool scaled = options.fast && least.height > 0 && least.width > 0;
  if (!scale(*decompressor_, scaled ? enough_eighths(info, least) : 8)) fail(decompressor_->message);
  if (info.out_color_space == JCS_CMYK) inks_.resize(std::size_t{info.output_width} * 4);
}

JpegReader::~JpegReader() = default;

void JpegReader::fail(const std::string& what) const {
  throw Error(name_, "cannot decode it as JPEG: " + what);
}

std::int64_t JpegReader::height() const {
  return decompressor_->info.output_height;
}
std::int64_t JpegReader::width() const {
  return decompressor_->info.output_width;
}

void JpegReader::read_row(std::uint8_t* row) {
  if (!decompressor_->started && !start(*decompressor_)) fail(decompressor_->message);
  JSAMPROW out = inks_.empty() ? row : inks_.data();
  if (!read_scanline(*decompressor_, &out)) fail(decompressor_->message);
  if (!inks_.empty()) inks_to_rgb(inks_.data(), width(), decompressor_->info.saw_Adobe_marker != 0, row);
}

std::string JpegReader::finish() {
  if (decompressor_->ended_early && decompressor_->first_rows_missing)
    fail("the file ends before its first rows of pixels");
  // The pixels are all there by now: what fails here is worth a warning only.
  if (!read_end(*decompressor_) && decompressor_->errors.num_warnings++ == 0)
    std::memcpy(decompressor_->warning, decompressor_->message, sizeof decompressor_->warning);
  return warnings_of(*decompressor_);
}

StoredImage decode_jpeg(JpegReader& reader, const std::string& name, const DecodeOptions& options) {
  StoredImage stored = allocate_image(reader.height(), reader.width(), name, options);
  std::uint8_t* row = stored.image.pixels.data();
  for (std::int64_t y = 0; y < reader.height(); ++y, row += reader.width() * 3) reader.read_row(row);
  stored.image.warning = reader.finish();
  stored.orientation = reader.orientation();
  return stored;
}

}  // namespace petal
