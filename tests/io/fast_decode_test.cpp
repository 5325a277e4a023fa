// Decoding at a fraction of the size, and decoding straight into the resize.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/error.h"
#include "io/image/image.h"
#include "io/image/jpeg.h"
#include "tests/io/image_fixtures.h"

using namespace petal;
using namespace petal::test;

namespace {

using Bytes = std::vector<std::byte>;

constexpr DecodeOptions fast = {.fast = true};

// Waves that differ along the rows, along the columns and between the channels, so that a picture that is
// turned, mirrored or of other colours is far from it.
Image waves(std::int64_t height, std::int64_t width) {
  Image image{.height = height, .width = width, .pixels = {}, .warning = {}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (const double phase : {0.0, 1.0, 2.0})
        image.pixels.push_back(
            static_cast<std::uint8_t>(127.5 + 60 * std::sin(0.03 * static_cast<double>(x) + phase) +
                                      60 * std::cos(0.07 * static_cast<double>(y) - phase)));
  return image;
}

Bytes jpeg_of(const Image& image) {
  const TemporaryFolder folder;
  write_jpeg(folder / "a.jpg", image);
  return read_file(folder / "a.jpg");
}

// The same file with an EXIF block, behind its first marker, that states the orientation.
Bytes with_orientation(const Bytes& jpeg, int orientation) {
  using namespace std::string_literals;
  const std::string segment =
      "\xFF\xE1\0\x22"
      "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s +
      static_cast<char>(orientation) + "\0\0\0\0\0\0\0"s;
  REQUIRE(segment.size() == 2 + 0x22);
  Bytes bytes = jpeg;
  const auto* first = reinterpret_cast<const std::byte*>(segment.data());
  bytes.insert(bytes.begin() + 2, first, first + segment.size());
  return bytes;
}

std::string size_of(const Bytes& bytes, const DecodeOptions& options, ImageSize least) {
  const JpegReader reader(bytes, "photo", options, least);
  return std::to_string(reader.height()) + "x" + std::to_string(reader.width());
}

// What decode_resized comes to: its numbers and its warning, or its error and no numbers.
struct Resized {
  std::vector<float> pixels;
  std::string message;
  friend bool operator==(const Resized&, const Resized&) = default;
};

Resized resized(const Bytes& bytes, const DecodeOptions& options, std::int64_t height, std::int64_t width) {
  Resized result{.pixels = std::vector<float>(static_cast<std::size_t>(height * width * 3)), .message = {}};
  try {
    result.message = decode_resized(bytes, "photo", options, height, width, result.pixels.data());
  } catch (const Error& error) {
    result = {.pixels = {}, .message = error.what()};
  }
  return result;
}

// The same in two steps, the photo held whole between them.
Resized resized_whole(const Bytes& bytes, const DecodeOptions& options, std::int64_t height,
                      std::int64_t width) {
  try {
    const Image image = decode_image(bytes, "photo", options);
    Resized result{.pixels = std::vector<float>(static_cast<std::size_t>(height * width * 3)),
                   .message = image.warning};
    resize_bilinear(image, height, width, result.pixels.data());
    return result;
  } catch (const Error& error) {
    return {.pixels = {}, .message = error.what()};
  }
}

// Each pixel the mean of `factor` x `factor`, of what is left of them at the lower and the right edge.
Image means(const Image& image, std::int64_t factor) {
  Image result{.height = (image.height + factor - 1) / factor,
               .width = (image.width + factor - 1) / factor,
               .pixels = {},
               .warning = {}};
  for (std::int64_t y = 0; y < image.height; y += factor)
    for (std::int64_t x = 0; x < image.width; x += factor)
      for (std::int64_t c = 0; c < 3; ++c) {
        float sum = 0, count = 0;
        for (std::int64_t row = y; row < std::min(y + factor, image.height); ++row)
          for (std::int64_t column = x; column < std::min(x + factor, image.width); ++column, ++count)
            sum += image.pixels[static_cast<std::size_t>((row * image.width + column) * 3 + c)];
        result.pixels.push_back(static_cast<std::uint8_t>(std::lround(sum / count)));
      }
  return result;
}

double mean_difference(const std::vector<float>& a, const Image& image) {
  const std::vector<std::uint8_t>& b = image.pixels;
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
  return sum / static_cast<double>(a.size());
}

constexpr std::array kinds = {"baseline_420.jpg",
                              "baseline_422.jpg",
                              "baseline_444.jpg",
                              "rgb.jpg",
                              "cmyk_adobe.jpg",
                              "cmyk_plain.jpg",
                              "ycck_adobe.jpg",
                              "grey.jpg",
                              "progressive.jpg",
                              "exif_3.jpg",
                              "progressive_grey.jpg",
                              "exif_6.jpg",
                              "restart_markers.jpg",
                              "exif_8.jpg",
                              "rgb8.png",
                              "exif_6.png",
                              "lossy.webp",
                              "exif_6.webp"};

}  // namespace

TEST_CASE("decode_resized is decode_image and resize_bilinear, to the bit") {
  for (const char* name : kinds) {
    CAPTURE(name);
    const Bytes bytes = read_file(fixture(name));
    for (const bool upright : {true, false}) {
      const DecodeOptions options{.apply_exif_orientation = upright};
      for (const auto& [height, width] : {std::pair{7, 5}, {23, 37}, {40, 61}, {1, 1}}) {
        const Resized whole = resized_whole(bytes, options, height, width);
        REQUIRE(!whole.pixels.empty());
        CHECK(resized(bytes, options, height, width) == whole);
      }
    }
  }
  for (const char* name : {"grey.jpg", "exif_6.jpg"})
    CHECK_THROWS_AS(decode_resized(read_file(fixture(name)), "photo", {}, 0, 1, nullptr), Error);
}

TEST_CASE("decode_resized turns a photo of any size by each orientation, to the bit") {
  int compared = 0;
  for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 9}, {9, 1}, {2, 3}, {33, 20}, {70, 131}}) {
    const Bytes plain = jpeg_of(waves(rows, columns));
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const Bytes bytes = with_orientation(plain, orientation);
      for (const auto& [height, width] : {std::pair{1, 1}, {1, 8}, {9, 4}, {33, 20}, {20, 33}, {96, 140}}) {
        CAPTURE(orientation);
        CHECK(resized(bytes, {}, height, width) == resized_whole(bytes, {}, height, width));
        ++compared;
      }
    }
  }
  CHECK(compared == 288);
}

TEST_CASE("fast decode takes the smallest of an eighth, a quarter and a half that is large enough") {
  const Bytes bytes = jpeg_of(waves(131, 97));
  CHECK(size_of(bytes, fast, {1, 1}) == "17x13");
  CHECK(size_of(bytes, fast, {17, 13}) == "17x13");
  CHECK(size_of(bytes, fast, {18, 13}) == "33x25");
  CHECK(size_of(bytes, fast, {17, 14}) == "33x25");
  CHECK(size_of(bytes, fast, {33, 25}) == "33x25");
  CHECK(size_of(bytes, fast, {33, 26}) == "66x49");
  CHECK(size_of(bytes, fast, {66, 49}) == "66x49");
  CHECK(size_of(bytes, fast, {67, 1}) == "131x97");
  CHECK(size_of(bytes, fast, {1, 50}) == "131x97");
  CHECK(size_of(bytes, fast, {500, 500}) == "131x97");
  CHECK(size_of(bytes, fast, {}) == "131x97");
  CHECK(size_of(bytes, {}, {1, 1}) == "131x97");
}

TEST_CASE("fast decode of a photo that EXIF turns goes by its upright size") {
  const Bytes bytes = read_file(fixture("exif_6.jpg"));  // stored 11 rows of 17, upright 17 of 11
  CHECK(size_of(bytes, fast, {9, 6}) == "6x9");
  CHECK(size_of(bytes, fast, {6, 9}) == "11x17");
  const DecodeOptions as_stored{.apply_exif_orientation = false, .fast = true};
  CHECK(size_of(bytes, as_stored, {6, 9}) == "6x9");
  CHECK(size_of(bytes, as_stored, {9, 6}) == "11x17");
}

TEST_CASE("fast decode gives what averaging the pixels gives, nearly") {
  for (const std::int64_t factor : {2, 4, 8}) {
    CAPTURE(factor);
    const Bytes bytes = jpeg_of(waves(136, 104));
    const Image expected = means(decode_image(bytes, "photo"), factor);
    const Resized result = resized(bytes, fast, 136 / factor, 104 / factor);
    CHECK(mean_difference(result.pixels, expected) < 2.0);
    CHECK(result != resized(bytes, {}, 136 / factor, 104 / factor));
  }
}

TEST_CASE("fast decode turns a photo by each orientation") {
  const Bytes plain = jpeg_of(waves(131, 97));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    const Bytes bytes = with_orientation(plain, orientation);
    // The pixels are averaged as they are stored, since the sides are odd, and turned then.
    const Image expected =
        turn_upright({.image = means(decode_image(plain, "photo"), 2), .orientation = orientation});
    CHECK(mean_difference(resized(bytes, fast, expected.height, expected.width).pixels, expected) < 2.0);
  }
}

TEST_CASE("fast decode serves every colour model and progressive files, and JPEG alone") {
  int jpegs = 0;
  for (const char* name : kinds) {
    CAPTURE(name);
    const Bytes bytes = read_file(fixture(name));
    const Image image = decode_image(bytes, "photo");
    const std::int64_t height = (image.height + 1) / 2, width = (image.width + 1) / 2;
    const Resized result = resized(bytes, fast, height, width), exact = resized(bytes, {}, height, width);
    if (!std::string_view(name).ends_with(".jpg")) {
      CHECK(result == exact);
      continue;
    }
    CHECK(result.message.empty());
    CHECK(result.pixels != exact.pixels);
    // Where the whole photo is needed, nothing changes.
    CHECK(resized(bytes, fast, image.height, image.width) == resized(bytes, {}, image.height, image.width));
    if (std::string_view(name).starts_with("exif")) continue;
    ++jpegs;
    // Noise, whose colours some of the files hold at half the size: not so near as a photo.
    CHECK(mean_difference(result.pixels, means(image, 2)) < 8.0);
  }
  CHECK(jpegs == 11);
}

TEST_CASE("a damaged file says the same under fast decode, and into the resize as on its own") {
  int refused = 0, warned = 0;
  for (const char* name : {"baseline_420.jpg", "progressive.jpg", "ycck_adobe.jpg", "exif_6.jpg"}) {
    const Bytes whole = read_file(fixture(name));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const Resized exact = resized(bytes, {}, 5, 5), scaled = resized(bytes, fast, 5, 5);
      CAPTURE(name);
      CAPTURE(size);
      REQUIRE(exact == resized_whole(bytes, {}, 5, 5));
      REQUIRE(scaled.message == exact.message);
      REQUIRE(scaled.pixels.empty() == exact.pixels.empty());
      ++(exact.pixels.empty() ? refused : warned);
    }
  }
  CHECK(refused > 100);
  CHECK(warned > 100);
  const Bytes photo = read_file(fixture("baseline_444.jpg"));
  const Resized above_the_limit = resized(photo, {.fast = true, .pixel_limit = 23 * 37 - 1}, 3, 3);
  CHECK(above_the_limit.message.find("37x23 pixels, more than the limit of 850") != std::string::npos);
}
