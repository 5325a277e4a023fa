// Sound images: the pixels of TensorFlow, every orientation, its resize, and the way back to a file.

#include "io/image/image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <thread>
#include <tuple>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/image/exif.h"
#include "tests/io/image_fixtures.h"

using namespace petal;
using namespace petal::test;

namespace {

std::vector<std::string> photos() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(fixture("")))
    if (has_image_suffix(entry.path())) names.insert(entry.path().filename().string());
  return {names.begin(), names.end()};
}

// tf.image.resize, pixel by pixel and straight from its formula.
float bilinear_at(const Image& image, float y, float x, std::int64_t channel) {
  const auto clamped = [&](float row, float column) {
    const auto r = std::clamp<std::int64_t>(static_cast<std::int64_t>(row), 0, image.height - 1);
    const auto c = std::clamp<std::int64_t>(static_cast<std::int64_t>(column), 0, image.width - 1);
    return static_cast<float>(image.pixels[static_cast<std::size_t>((r * image.width + c) * 3 + channel)]);
  };
  const float top = std::floor(y), left = std::floor(x), down = y - top, right = x - left;
  const float above = clamped(top, left) * (1 - right) + clamped(top, std::ceil(x)) * right;
  const float below = clamped(std::ceil(y), left) * (1 - right) + clamped(std::ceil(y), std::ceil(x)) * right;
  return above * (1 - down) + below * down;
}

Image noise(std::int64_t height, std::int64_t width) {
  Image image{.height = height, .width = width, .pixels = {}, .warning = {}};
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < height * width * 3; ++i) {
    state = state * 1664525u + 1013904223u;
    image.pixels.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  return image;
}

float resize_error(const Image& image, std::int64_t height, std::int64_t width) {
  std::vector<float> resized(static_cast<std::size_t>(height * width * 3));
  resize_bilinear(image, height, width, resized.data());
  const float scale_y = static_cast<float>(image.height) / static_cast<float>(height);
  const float scale_x = static_cast<float>(image.width) / static_cast<float>(width);
  float worst = 0;
  for (std::size_t i = 0; i < resized.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const float y = (static_cast<float>(at / 3 / width) + 0.5f) * scale_y - 0.5f;
    const float x = (static_cast<float>(at / 3 % width) + 0.5f) * scale_x - 0.5f;
    worst = std::max(worst, std::abs(resized[i] - bilinear_at(image, y, x, at % 3)));
  }
  return worst;
}

// Along one side: the two places, and the share of the second.
struct Between {
  std::int64_t lower, upper;
  float share;
};

Between between(std::int64_t source_size, std::int64_t size, std::int64_t i) {
  const float scale = static_cast<float>(source_size) / static_cast<float>(size);
  const float at = std::max((static_cast<float>(i) + 0.5f) * scale - 0.5f, 0.0f);
  return {std::min(static_cast<std::int64_t>(at), source_size - 1),
          std::min(static_cast<std::int64_t>(std::ceil(at)), source_size - 1), at - std::floor(at)};
}

// TensorFlow's order of operations, pixel by pixel: across in both rows, then down.
std::vector<float> plain_resize(const Image& image, std::int64_t height, std::int64_t width) {
  const auto pixel = [&](std::int64_t y, std::int64_t x, std::int64_t channel) {
    return static_cast<float>(image.pixels[static_cast<std::size_t>((y * image.width + x) * 3 + channel)]);
  };
  std::vector<float> out;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        const Between down = between(image.height, height, y), right = between(image.width, width, x);
        const auto across = [&](std::int64_t row) {
          const float left = pixel(row, right.lower, c);
          return left + (pixel(row, right.upper, c) - left) * right.share;
        };
        const float above = across(down.lower);
        out.push_back(above + (across(down.upper) - above) * down.share);
      }
  return out;
}

// An EXIF block whose first directory holds another tag and then the orientation.
std::vector<std::byte> exif_block(bool big_endian, unsigned orientation) {
  std::vector<std::byte> block;
  const auto put = [&](unsigned value, int size) {
    for (int i = 0; i < size; ++i)
      block.push_back(static_cast<std::byte>(value >> 8 * (big_endian ? size - 1 - i : i)));
  };
  for (const char c : std::string(big_endian ? "Exif\0\0MM" : "Exif\0\0II", 8))
    block.push_back(static_cast<std::byte>(c));
  put(42, 2), put(8, 4), put(2, 2);
  put(0x0100, 2), put(4, 2), put(1, 4), put(5, 4);
  put(0x0112, 2), put(3, 2), put(1, 4), put(orientation, 2), put(0, 2);
  put(0, 4);
  return block;
}

}  // namespace

TEST_CASE("every photo decodes to TensorFlow's pixels, to the last bit") {
  const std::vector<std::string> names = photos();
  CHECK(names.size() >= 40);
  for (const std::string& name : names) {
    const Image image = read_image(fixture(name), {.apply_exif_orientation = false});
    INFO(name, " ", image.warning);
    CHECK(largest_difference(image, read_ppm(fixture(name + ".ppm"))) == 0);
    CHECK(image.warning.empty());
  }
}

TEST_CASE("every EXIF orientation is turned upright, in JPEG, PNG and WebP") {
  int turned = 0;
  for (const std::string& name : photos()) {
    if (!name.starts_with("exif_")) continue;
    INFO(name);
    CHECK(largest_difference(read_image(fixture(name)), read_ppm(fixture(name + ".upright.ppm"))) == 0);
    ++turned;
  }
  CHECK(turned == 10);
}

TEST_CASE("EXIF states the orientation in both byte orders") {
  for (const bool big_endian : {false, true}) {
    for (int orientation = 1; orientation <= 8; ++orientation)
      CHECK(exif_orientation(exif_block(big_endian, static_cast<unsigned>(orientation))) == orientation);
    CHECK(exif_orientation(exif_block(big_endian, 0)) == 1);
    CHECK(exif_orientation(exif_block(big_endian, 9)) == 1);
  }
}

TEST_CASE("malformed EXIF counts as none") {
  for (const bool big_endian : {false, true}) {
    const std::vector<std::byte> block = exif_block(big_endian, 6);
    // The orientation's entry ends four bytes before the block does.
    for (std::size_t size = 0; size <= block.size(); ++size) {
      const std::vector<std::byte> cut(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(exif_orientation(cut) == (size + 4 >= block.size() ? 6 : 1));
    }
    for (std::size_t i = 0; i < block.size(); ++i) {
      for (int value = 0; value < 256; ++value) {
        std::vector<std::byte> mutant = block;
        mutant[i] = static_cast<std::byte>(value);
        const int orientation = exif_orientation(mutant);
        REQUIRE((orientation >= 1 && orientation <= 8));
      }
    }
  }
}

TEST_CASE("the content says what a file is, not its name; names may be of any script") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "фото 花.txt";
  std::filesystem::copy_file(fixture("rgb8.png"), path);
  CHECK(largest_difference(read_image(path), read_ppm(fixture("rgb8.png.ppm"))) == 0);
}

TEST_CASE("has_image_suffix takes a dataset's suffixes in any case") {
  for (const char* name : {"a.jpg", "a.JPG", "a.Jpeg", "a.png", "a.webp", "folder.txt/花.WebP"})
    CHECK(has_image_suffix(name));
  for (const char* name : {"a.gif", "jpg", ".jpg", "a.jpg.part", "a.jpg/b", ""})
    CHECK_FALSE(has_image_suffix(name));
}

TEST_CASE("photos decode alike from many threads at once") {
  const std::vector<std::string> names = photos();
  std::array<int, 4> differing{};
  std::vector<std::thread> threads;
  for (int& count : differing)
    threads.emplace_back([&names, &count] {
      for (const std::string& name : names) {
        const Image image = read_image(fixture(name), {.apply_exif_orientation = false});
        const std::vector<std::byte> expected = read_file(fixture(name + ".ppm"));
        const auto* pixels = reinterpret_cast<const std::byte*>(image.pixels.data());
        if (expected.size() < image.pixels.size() ||
            !std::equal(pixels, pixels + image.pixels.size(),
                        expected.end() - static_cast<std::ptrdiff_t>(image.pixels.size())))
          ++count;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(std::count(differing.begin(), differing.end(), 0) == 4);
}

TEST_CASE("resize_bilinear equals tf.image.resize") {
  int compared = 0;
  for (const char* name : {"rgb8.png", "exif_6.png"}) {
    const Image image = read_image(fixture(name), {.apply_exif_orientation = false});
    constexpr std::array<std::array<int, 2>, 8> sizes = {
        {{5, 7}, {23, 37}, {24, 24}, {31, 29}, {8, 60}, {40, 6}, {1, 1}, {11, 18}}};
    for (const auto [height, width] : sizes) {
      const std::string size = std::to_string(height) + "x" + std::to_string(width);
      const std::vector<float> expected = read_floats(fixture(std::string(name) + "." + size + ".f32"));
      std::vector<float> resized(static_cast<std::size_t>(height * width * 3));
      REQUIRE(expected.size() == resized.size());
      resize_bilinear(image, height, width, resized.data());
      float worst = 0;
      for (std::size_t i = 0; i < resized.size(); ++i)
        worst = std::max(worst, std::abs(resized[i] - expected[i]));
      INFO(name, " to ", size);
      CHECK(worst <= 1e-4f);
      ++compared;
    }
  }
  CHECK(compared == 16);
}

TEST_CASE("resize_bilinear follows its formula at every small size") {
  float worst = 0;
  for (std::int64_t source = 1; source <= 24; ++source)
    for (std::int64_t size = 1; size <= 33; ++size)
      worst =
          std::max({worst, resize_error(noise(3, source), 4, size), resize_error(noise(source, 2), size, 3)});
  CHECK(worst <= 1e-4f);
}

TEST_CASE("resize_bilinear gives every processor the same bits: those of its plain loop") {
  constexpr std::array<std::int64_t, 9> sizes = {1, 2, 5, 6, 7, 13, 64, 101, 224};
  int differing = 0, compared = 0;
  for (const std::int64_t source : sizes)
    for (const std::int64_t size : sizes) {
      // Each pair of sizes both across and down, against others there.
      for (const auto& [image, height, width] :
           {std::tuple{noise(9, source), std::int64_t{5}, size}, {noise(source, 17), size, 12}}) {
        std::vector<float> resized(static_cast<std::size_t>(height * width * 3));
        resize_bilinear(image, height, width, resized.data());
        differing += resized != plain_resize(image, height, width);
        ++compared;
      }
    }
  CHECK(differing == 0);
  CHECK(compared == 162);
}

TEST_CASE("resize_bilinear refuses what is no size") {
  std::vector<float> out(3);
  CHECK_THROWS_AS(resize_bilinear(noise(2, 2), 0, 1, out.data()), Error);
  CHECK_THROWS_AS(resize_bilinear(noise(2, 2), 1, -1, out.data()), Error);
  CHECK_THROWS_AS(resize_bilinear(Image{}, 1, 1, out.data()), Error);
  Image short_of_pixels = noise(2, 2);
  short_of_pixels.pixels.pop_back();
  CHECK_THROWS_AS(resize_bilinear(short_of_pixels, 1, 1, out.data()), Error);
}

TEST_CASE("write_jpeg writes what read_image reads, the closer the higher the quality") {
  const TemporaryFolder folder;
  std::vector<float> gradient(std::size_t{40} * 50 * 3);
  resize_bilinear(noise(4, 5), 40, 50, gradient.data());
  Image image{.height = 40, .width = 50, .pixels = {}, .warning = {}};
  for (const float value : gradient) image.pixels.push_back(static_cast<std::uint8_t>(value));

  // Not above 95: the fast DCT that decodes them loses precision there.
  double previous = 10;
  for (const int quality : {30, 70, 92}) {
    write_jpeg(folder / "花.jpg", image, quality);
    const Image back = read_image(folder / "花.jpg");
    REQUIRE((back.height == image.height && back.width == image.width));
    CHECK(back.warning.empty());
    double sum = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
      sum += std::abs(int{image.pixels[i]} - int{back.pixels[i]});
    const double mean = sum / static_cast<double>(image.pixels.size());
    CHECK(mean < previous);
    previous = mean;
  }
  CHECK(previous < 2.5);
}

TEST_CASE("write_jpeg says why it cannot") {
  const TemporaryFolder folder;
  const auto error_of = [](const std::filesystem::path& path, const Image& image, int quality) {
    try {
      write_jpeg(path, image, quality);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::filesystem::path path = folder / "a.jpg";
  CHECK(error_of(path, noise(2, 2), 0).starts_with(path.string() + ": "));
  CHECK(error_of(path, noise(2, 2), 101).find("quality 101") != std::string::npos);
  CHECK(error_of(path, noise(70000, 1), 90).find("1x70000") != std::string::npos);
  CHECK(error_of(path, Image{.height = 1, .width = 1, .pixels = {}, .warning = {}}, 90).find("0 bytes") !=
        std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(error_of(folder / "absent/a.jpg", noise(2, 2), 90).ends_with("No such file or directory"));
}

TEST_CASE("all of the flower photos decode without a word") {
  const char* shared = std::getenv("PETAL_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared ? shared : PETAL_SOURCE "/../shared") / "data/flowers";
  if (!std::filesystem::is_directory(folder)) {
    MESSAGE("skipped: there is no " << folder.string());
    return;
  }
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!has_image_suffix(entry.path())) continue;
    const Image image = read_image(entry.path());
    INFO(entry.path().string());
    CHECK(image.warning.empty());
    ++count;
  }
  CHECK(count > 0);
}
