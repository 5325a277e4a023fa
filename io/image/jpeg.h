#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "io/image/stored_image.h"

namespace petal {

// Baseline and progressive JPEG, grey, YCbCr, RGB, CMYK and YCCK, with the pixels of
// tf.io.decode_jpeg(channels=3): fast integer DCT, fancy upsampling. Inks become RGB as TensorFlow makes it:
// k*c/255 where Adobe's marker says that they are inverted, else (255-k)*(255-c)/255. Throws Error(`name`);
// see decode_image for truncated files.
StoredImage decode_jpeg(std::span<const std::byte> bytes, const std::string& name,
                        const DecodeOptions& options);

}  // namespace petal
