#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/image/image.h"
#include "tests/temporary_folder.h"

namespace petal::test {

// A file of tests/golden/images, which tests/golden/make_images.py made.
std::filesystem::path fixture(const std::string& name);

// The pixels of a binary PPM.
Image read_ppm(const std::filesystem::path& path);

// Little-endian float32 values.
std::vector<float> read_floats(const std::filesystem::path& path);

// The largest difference of any channel; -1 where the sizes differ.
int largest_difference(const Image& a, const Image& b);

// The message of the Error that decoding must end in; fails the test where it gives pixels.
std::string decode_error(const std::vector<std::byte>& bytes, const DecodeOptions& options = {});

// Where JPEG's start-of-scan marker stands, first or last, and its start-of-frame (baseline).
std::size_t first_scan(const std::vector<std::byte>& jpeg);
std::size_t last_scan(const std::vector<std::byte>& jpeg);
std::size_t baseline_frame(const std::vector<std::byte>& jpeg);

}  // namespace petal::test
