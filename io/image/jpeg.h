#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/image/stored_image.h"

namespace petal {

struct JpegDecompressor;

// How large a photo, turned upright where the options say so, is to be at least; {}: as large as it is.
struct ImageSize {
  std::int64_t height = 0, width = 0;
};

// The rows of a baseline or progressive JPEG, grey, YCbCr, RGB, CMYK or YCCK, with the pixels of
// tf.io.decode_jpeg(channels=3): fast integer DCT, fancy upsampling. Inks become RGB as TensorFlow makes it:
// k*c/255 where Adobe's marker says that they are inverted, else (255-k)*(255-c)/255. With `fast`, at the
// smallest of 1/8, 1/4, 1/2 and 1 of its size that is not below `least`.
class JpegReader {
 public:
  // Reads the header of `bytes`, which must outlive this. Throws Error(`name`), also where the whole photo
  // exceeds the limit.
  JpegReader(std::span<const std::byte> bytes, const std::string& name, const DecodeOptions& options,
             ImageSize least = {});
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  // Of the rows as they are stored.
  std::int64_t height() const;
  std::int64_t width() const;
  int orientation() const { return orientation_; }

  // The next row, (width, 3), the top one first. Throws Error(`name`); see decode_image for truncated files.
  void read_row(std::uint8_t* row);
  // After the last row: reads on to the end marker and gives the warning, "" for a sound file. Throws
  // Error(`name`) where the file ends before its first rows.
  std::string finish();

 private:
  [[noreturn]] void fail(const std::string& what) const;

  std::unique_ptr<JpegDecompressor> decompressor_;
  std::string name_;
  int orientation_ = 1;
  std::vector<std::uint8_t> inks_;  // a row of four channels where the photo is CMYK
};

// All rows and the warning.
StoredImage decode_jpeg(JpegReader& reader, const std::string& name, const DecodeOptions& options);

}  // namespace petal
