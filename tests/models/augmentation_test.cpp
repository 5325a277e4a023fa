#include "models/augmentation.h"

#include <doctest/doctest.h>

#include "engine/error.h"

namespace petal {
namespace {

std::string message_of(std::string_view text) {
  try {
    read_augmentation(text, {0, 255}, 160);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("augmentation is read in its order, with Keras's names and the pixels' range") {
  const Augmentation read = read_augmentation(
      "flip,rotation=0.2,zoom=-0.1:0.3,translation=0.1,contrast=0.5,brightness=0.25", {-1, 1}, 160);
  REQUIRE(read.layers.size() == 6);
  CHECK(read.input_size == 160);
  CHECK(read.layers[0] ==
        std::pair{std::string("random_flip"), Layer{RandomFlip{.mode = RandomFlip::Mode::horizontal}}});
  CHECK(read.layers[1].first == "random_rotation");
  CHECK(read.layers[1].second == Layer{RandomRotation{.factor = {-0.2f, 0.2f}}});
  CHECK(read.layers[2].second == Layer{RandomZoom{.height_factor = {-0.1f, 0.3f}}});
  CHECK(read.layers[3].second ==
        Layer{RandomTranslation{.height_factor = {-0.1f, 0.1f}, .width_factor = {-0.1f, 0.1f}}});
  CHECK(read.layers[4].second == Layer{RandomContrast{.factor = {0.5f, 0.5f}, .value_range = {-1, 1}}});
  CHECK(read.layers[5].second == Layer{RandomBrightness{.factor = {-0.25f, 0.25f}, .value_range = {-1, 1}}});
  CHECK(read_augmentation("flip=both", {}, 9).layers[0].second == Layer{RandomFlip{}});
  CHECK(read_augmentation("", {}, 9).layers.empty());
  CHECK(read_augmentation("none", {}, 9).layers.empty());
}

TEST_CASE("a crop takes larger photos in") {
  const Augmentation read = read_augmentation("crop=0.875,flip", {0, 255}, 224);
  CHECK(read.input_size == 256);
  CHECK(read.layers[0].second == Layer{RandomCrop{.height = 224, .width = 224}});
}

TEST_CASE("an augmentation that is unknown or malformed is an error that lists the known") {
  for (const std::string_view bad :
       {"mirror", "rotation", "rotation=much", "rotation=0.1x", "rotation=nan", "zoom=-0.2", "zoom=0.3:0.1",
        "flip=diagonal", "flip,flip", "crop=1.5", "crop=0", ",", "rotation=0.2,,flip"}) {
    CAPTURE(bad);
    const std::string message = message_of(bad);
    CHECK(message.starts_with("--augment: "));
    CHECK(message.find("known are flip") != std::string::npos);
  }
  CHECK(message_of("zoom=-3:0").starts_with("--augment: "));
  CHECK(message_of("contrast=-2:0").starts_with("--augment: "));
}

}  // namespace
}  // namespace petal
