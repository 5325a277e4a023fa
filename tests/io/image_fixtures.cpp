#include "tests/io/image_fixtures.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "engine/error.h"

namespace petal::test {
namespace {

constexpr std::array scan_marker = {std::byte{0xFF}, std::byte{0xDA}};
constexpr std::array baseline_marker = {std::byte{0xFF}, std::byte{0xC0}};

}  // namespace

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(PETAL_SOURCE) / "tests/golden/images" / name;
}

Image read_ppm(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string magic;
  int maximum = 0;
  Image image;
  in >> magic >> image.width >> image.height >> maximum;
  in.get();
  INFO(path.string());
  REQUIRE((in.good() && magic == "P6" && maximum == 255));
  image.pixels.resize(static_cast<std::size_t>(image.height * image.width * 3));
  in.read(reinterpret_cast<char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
  REQUIRE(in.good());
  return image;
}

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

int largest_difference(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width || a.pixels.size() != b.pixels.size()) return -1;
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  return largest;
}

std::string decode_error(const std::vector<std::byte>& bytes, const DecodeOptions& options) {
  try {
    decode_image(bytes, "photo", options);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_input);
    const std::string message = error.what();
    CHECK_MESSAGE(message.starts_with("photo: "), message);
    return message;
  }
  FAIL("expected an Error");
  return {};
}

std::size_t first_scan(const std::vector<std::byte>& jpeg) {
  const auto at = std::search(jpeg.begin(), jpeg.end(), scan_marker.begin(), scan_marker.end());
  REQUIRE(at != jpeg.end());
  return static_cast<std::size_t>(at - jpeg.begin());
}

std::size_t last_scan(const std::vector<std::byte>& jpeg) {
  const auto at = std::find_end(jpeg.begin(), jpeg.end(), scan_marker.begin(), scan_marker.end());
  REQUIRE(at != jpeg.end());
  return static_cast<std::size_t>(at - jpeg.begin());
}

std::size_t baseline_frame(const std::vector<std::byte>& jpeg) {
  const auto at = std::search(jpeg.begin(), jpeg.end(), baseline_marker.begin(), baseline_marker.end());
  REQUIRE(at != jpeg.end());
  return static_cast<std::size_t>(at - jpeg.begin());
}

}  // namespace petal::test
