#include "io/dataset/drawn_flowers.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "engine/error.h"
#include "engine/random.h"
#include "io/dataset/drawing/scene.h"
#include "io/dataset/image_folder.h"

using namespace petal;
namespace fs = std::filesystem;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "petal_flowers_XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  fs::path path;
};

double mean(const Image& image) {
  double sum = 0;
  for (const std::uint8_t value : image.pixels) sum += value;
  return sum / static_cast<double>(image.pixels.size());
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

}  // namespace

TEST_CASE("a drawn flower is a function of kind, seed, index and size") {
  const Image flower = draw_flower(FlowerKind::rose, 1, 5, 48);
  CHECK(flower.height == 48);
  CHECK(flower.width == 48);
  REQUIRE(flower.pixels.size() == 48 * 48 * 3);
  CHECK(draw_flower(FlowerKind::rose, 1, 5, 48).pixels == flower.pixels);
  CHECK(mean_difference(flower, draw_flower(FlowerKind::rose, 1, 6, 48)) > 5);
  CHECK(mean_difference(flower, draw_flower(FlowerKind::rose, 2, 5, 48)) > 5);
  CHECK(mean_difference(flower, draw_flower(FlowerKind::tulip, 1, 5, 48)) > 5);
}

TEST_CASE("the kind alone makes another picture of the same draws") {
  std::vector<drawing::Canvas> scenes;
  for (const FlowerKind kind : flower_kinds) {
    drawing::Draws draws(RandomStream(1, RandomPurpose::drawing));
    scenes.push_back(drawing::draw_scene(kind, draws, 32));
  }
  for (std::size_t a = 0; a < scenes.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) CHECK(scenes[a].values != scenes[b].values);
}

TEST_CASE("drawn flowers are exposed as photos are: neither black nor white nor flat") {
  for (const FlowerKind kind : flower_kinds)
    for (std::uint32_t index = 0; index < 12; ++index) {
      CAPTURE(to_string(kind));
      CAPTURE(index);
      const Image image = draw_flower(kind, 11, index, 32);
      CHECK(mean(image) > 40);
      CHECK(mean(image) < 200);
      const auto [darkest, lightest] = std::minmax_element(image.pixels.begin(), image.pixels.end());
      CHECK(*lightest - *darkest > 80);
    }
}

TEST_CASE("the picture stays when the size changes") {
  const Image small = draw_flower(FlowerKind::sunflower, 3, 2, 32);
  const Image large = draw_flower(FlowerKind::sunflower, 3, 2, 64);
  Image halved = small;
  for (std::size_t y = 0; y < 32; ++y)
    for (std::size_t x = 0; x < 32; ++x)
      for (std::size_t c = 0; c < 3; ++c) {
        const auto at = [&](std::size_t v, std::size_t u) {
          return large.pixels[3 * ((2 * y + v) * 64 + 2 * x + u) + c];
        };
        halved.pixels[3 * (y * 32 + x) + c] =
            static_cast<std::uint8_t>((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
      }
  CHECK(mean_difference(small, halved) < 12);
  CHECK(mean_difference(small, draw_flower(FlowerKind::sunflower, 3, 1, 32)) >
        20);  // another picture is farther
}

TEST_CASE("a drawn folder is complete and a data set") {
  const TemporaryFolder folder;
  draw_flower_folder(folder.path / "new/flowers", {.image_size = 24, .photos_per_class = 3, .seed = 4});
  const ImageFolder found = scan_folder(folder.path / "new/flowers");
  CHECK(found.labels == std::vector<std::string>{"daisy", "dandelion", "rose", "sunflower", "tulip"});
  CHECK(found.ignored.empty());
  REQUIRE(found.photos.size() == 15);
  CHECK(found.photos[4].name == "dandelion/0001.jpg");
  const Image read = read_image(found.photos[4].path);
  const Image drawn = draw_flower(FlowerKind::dandelion, 4, 1, 24);
  REQUIRE(read.pixels.size() == drawn.pixels.size());
  CHECK(mean_difference(read, drawn) < 12);  // what JPEG loses
}

TEST_CASE("a failed write says where and leaves no half file") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path / "daisy/0001.jpg/in the way");  // no file can be renamed over it
  try {
    draw_flower_folder(folder.path, {.image_size = 16, .photos_per_class = 3});
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::failure);
    CHECK(std::string(error.what()).find("daisy/0001.jpg") != std::string::npos);
  }
  std::set<std::string> left;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path))
    if (entry.is_regular_file()) left.insert(entry.path().filename().string());
  CHECK(left == std::set<std::string>{"0000.jpg"});
  CHECK(read_image(folder.path / "daisy/0000.jpg").warning.empty());
}

TEST_CASE("a folder cannot be where a file is, and sizes have bounds") {
  const TemporaryFolder folder;
  draw_flower_folder(folder.path, {.image_size = 16, .photos_per_class = 1});
  CHECK_THROWS_AS(
      draw_flower_folder(folder.path / "rose/0000.jpg", {.image_size = 16, .photos_per_class = 1}), Error);
  CHECK_THROWS_AS(draw_flower_folder(folder.path, {.image_size = 16, .photos_per_class = 0}), Error);
  CHECK_THROWS_AS(draw_flower_folder(folder.path, {.image_size = 15, .photos_per_class = 1}), Error);
  CHECK_THROWS_AS(draw_flower(FlowerKind::rose, 1, 1, 4096), Error);
}
