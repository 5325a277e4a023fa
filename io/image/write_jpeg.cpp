#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <memory>
#include <system_error>

#include <jpeglib.h>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/image/image.h"

namespace petal {
namespace {

struct Compressor {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = {};
  int system_error = 0;

  Compressor() = default;
  ~Compressor() { jpeg_destroy_compress(&info); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
};

[[noreturn]] void on_error(j_common_ptr info) {
  Compressor& compressor = *static_cast<Compressor*>(info->client_data);
  compressor.system_error = errno;
  info->err->format_message(info, compressor.message);
  std::longjmp(compressor.jump, 1);
}

// Holds no object with a destructor: libjpeg's errors jump back to its first lines.
bool compress(Compressor& compressor, const Image& image, int quality, std::FILE* file) {
  jpeg_compress_struct& info = compressor.info;
  info.err = jpeg_std_error(&compressor.errors);
  info.err->error_exit = on_error;
  info.client_data = &compressor;
  if (setjmp(compressor.jump)) return false;
  jpeg_create_compress(&info);
  jpeg_stdio_dest(&info, file);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  errno = 0;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const std::size_t offset = static_cast<std::size_t>(info.next_scanline) * info.image_width * 3;
    JSAMPROW row = const_cast<JSAMPROW>(image.pixels.data() + offset);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

void check(const std::filesystem::path& path, const Image& image, int quality) {
  const auto fail = [&](const std::string& what) {
    throw Error(path.string(), "cannot write a JPEG: " + what);
  };
  if (image.height < 1 || image.width < 1 || image.height > JPEG_MAX_DIMENSION ||
      image.width > JPEG_MAX_DIMENSION)
    fail("the image is " + std::to_string(image.width) + "x" + std::to_string(image.height) +
         ", expected sides from 1 to " + std::to_string(JPEG_MAX_DIMENSION));
  if (image.pixels.size() != static_cast<std::size_t>(image.height * image.width * 3))
    fail("the image has " + std::to_string(image.pixels.size()) + " bytes of pixels, expected " +
         std::to_string(image.height * image.width * 3));
  if (quality < 1 || quality > 100) fail("quality " + std::to_string(quality) + ", expected 1 to 100");
}

void write_part(const std::filesystem::path& path, const std::filesystem::path& part, const Image& image,
                int quality) {
  const auto fail = [&](std::string what, int error) {
    if (error != 0) what += ": " + std::generic_category().message(error);
    throw Error(path.string(), what, ErrorKind::failure);
  };
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(part.c_str(), "wbe"), &std::fclose);
  if (!file) fail("cannot create " + part.string(), errno);
  Compressor compressor;
  if (!compress(compressor, image, quality, file.get()))
    fail(std::string("cannot write a JPEG: ") + compressor.message, compressor.system_error);
  if (std::fclose(file.release()) != 0) fail("cannot close " + part.string(), errno);
}

}  // namespace

void write_jpeg(const std::filesystem::path& path, const Image& image, int quality) {
  check(path, image, quality);
  write_atomically(path, [&](const std::filesystem::path& part) { write_part(path, part, image, quality); });
}

}  // namespace petal
