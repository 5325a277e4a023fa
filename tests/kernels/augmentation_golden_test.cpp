// What Keras made of two photos (tests/golden/make_augmentation.py), against the reference and the CPU
// kernels.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "kernels/cpu/random/warp.h"
#include "kernels/reference/random_contrast.h"
#include "kernels/reference/warp.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/prepared_case.h"

namespace petal::testing {
namespace {

using Json = nlohmann::json;

// Of pixels in 0..255.
constexpr double tolerance_of_pixels = 1e-4 * 255;
// Where the map is given, and not computed from a layer's draw, there is little left to differ.
constexpr double tolerance_of_reading = 1e-6 * 255;

struct Photo {
  Shape shape;
  std::vector<float> pixels;
};

struct GoldenCase {
  Json described;
  Photo photo;
  Shape shape;
  std::vector<float> expected;
};

Shape shape_of(const Json& json) {
  const auto dims = json.get<std::vector<std::int64_t>>();
  return Shape(std::span<const std::int64_t>(dims));
}

std::vector<GoldenCase> read_cases() {
  const std::string folder = std::string(PETAL_SOURCE) + "/tests/golden/augmentation/";
  std::ifstream text(folder + "augmentation.json");
  const Json document = Json::parse(text);
  std::ifstream numbers(folder + "outputs.f32", std::ios::binary);
  std::vector<GoldenCase> cases;
  for (const Json& described : document["cases"]) {
    const Json& photo = document["photos"][described["photo"].get<std::string>()];
    GoldenCase item{described,
                    {shape_of(photo["shape"]), photo["pixels"].get<std::vector<float>>()},
                    shape_of(described["shape"]),
                    {}};
    item.expected.resize(static_cast<std::size_t>(item.shape.elements()));
    numbers.read(reinterpret_cast<char*>(item.expected.data()),
                 static_cast<std::streamsize>(item.expected.size() * sizeof(float)));
    REQUIRE(numbers);
    cases.push_back(std::move(item));
  }
  CHECK(numbers.peek() == EOF);
  return cases;
}

// The cases that have `key`.
std::vector<GoldenCase> cases_with(const char* key) {
  std::vector<GoldenCase> found = read_cases();
  std::erase_if(found, [&](const GoldenCase& item) { return !item.described.contains(key); });
  REQUIRE(!found.empty());
  return found;
}

template <class A, class B>
double largest_difference(const A& found, const B& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    if (!(difference <= largest)) largest = difference;  // NaN too
  }
  return largest;
}

Size2D size_of_photo(const Shape& shape) {
  return {shape[0], shape[1]};
}

// The photo through the map on both backends' warps; each must be near the expected.
void check_warp(const GoldenCase& item, const Sampling& sampling, const Affine& affine, double tolerance) {
  const Shape from = item.photo.shape.with_batch(1), to = item.shape.with_batch(1);
  const Size2D size = size_of_photo(item.photo.shape);
  std::vector<float> found(item.expected.size(), NAN);
  reference::warp(item.photo.pixels.data(), reference::Image(from), Region{0, 0, size}, sampling, affine,
                  found.data(), reference::Image(to));
  CHECK(largest_difference(found, item.expected) <= tolerance);
  std::ranges::fill(found, NAN);
  const cpu::PhotoView view{item.photo.pixels.data(), size, from[2] * from[3], from[3]};
  cpu::warp_rows(view, sampling, PixelAffine(affine), to[2], 0, to[1], found.data());
  CHECK(largest_difference(found, item.expected) <= tolerance);
}

Sampling sampling_of(const Json& json) {
  Sampling sampling{.fill_value = json.value("fill_value", 0.0f)};
  const std::string mode = json.value("fill_mode", "reflect");
  for (const FillMode known : {FillMode::reflect, FillMode::wrap, FillMode::constant, FillMode::nearest}) {
    if (mode == to_string(known)) sampling.fill_mode = known;
  }
  if (json.value("interpolation", "bilinear") == "nearest") sampling.interpolation = Interpolation::nearest;
  return sampling;
}

Range range_of(const Json& arguments, const char* key) {
  return {arguments[key][0].get<float>(), arguments[key][1].get<float>()};
}

Layer layer_of(const std::string& name, const Json& json) {
  const Sampling s = sampling_of(json);
  if (name == "RandomRotation") {
    return RandomRotation{range_of(json, "factor"), s.fill_mode, s.interpolation, s.fill_value};
  }
  if (name == "RandomZoom") {
    std::optional<Range> width;
    if (json.contains("width_factor")) width = range_of(json, "width_factor");
    return RandomZoom{range_of(json, "height_factor"), width, s.fill_mode, s.interpolation, s.fill_value};
  }
  if (name == "RandomTranslation") {
    return RandomTranslation{range_of(json, "height_factor"), range_of(json, "width_factor"), s.fill_mode,
                             s.interpolation, s.fill_value};
  }
  REQUIRE(name == "RandomBrightness");
  return RandomBrightness{.factor = range_of(json, "factor")};
}

// The layer on every backend, in training or in inference.
void check_layer(const GoldenCase& golden, const Layer& layer, Mode mode) {
  const Case item{.name = "layer", .layer = layer, .src = {golden.photo.shape}, .mode = mode};
  CaseNumbers numbers = make_numbers(item, Precision::f32);
  numbers.src[0].assign(golden.photo.pixels.begin(), golden.photo.pixels.end());
  for (const auto& backend : backends_under_test()) {
    INFO(backend->name());
    PreparedCase prepared(*backend, item, Precision::f32, mode, false, numbers);
    CHECK(largest_difference(prepared.forward(), golden.expected) <= tolerance_of_pixels);
  }
}

}  // namespace

TEST_CASE("a given affine map reads the pixels that Keras reads, in every mode") {
  const std::vector<GoldenCase> cases = cases_with("matrix");
  CHECK(cases.size() == 2 * 6 * 4 * 2);
  for (const GoldenCase& item : cases) {
    const auto m = item.described["matrix"].get<std::vector<double>>();
    INFO(item.described["name"]);
    const Affine affine{.xx = m[0], .xy = m[1], .x0 = m[2], .yx = m[3], .yy = m[4], .y0 = m[5]};
    check_warp(item, sampling_of(item.described), affine, affine == Affine{} ? 0 : tolerance_of_reading);
  }
}

TEST_CASE("layers that draw what is certain give what Keras's give") {
  for (const GoldenCase& item : cases_with("layer")) {
    INFO(item.described["name"]);
    check_layer(item, layer_of(item.described["layer"], item.described["arguments"]), Mode::training);
  }
}

TEST_CASE("flips and crops are Keras's to the bit") {
  for (const GoldenCase& item : cases_with("flip")) {
    const std::string mode = item.described["flip"];
    INFO(item.described["name"]);
    const Affine affine = mirrored(size_of_photo(item.photo.shape), mode != "vertical", mode != "horizontal");
    check_warp(item, {}, affine, 0);
  }
  for (const GoldenCase& item : cases_with("place")) {
    INFO(item.described["name"]);
    check_warp(item, {}, cropped(item.described["place"][0], item.described["place"][1]), 0);
  }
}

TEST_CASE("in inference a crop is Keras's smart_resize") {
  for (const GoldenCase& item : cases_with("crop")) {
    if (item.described.contains("place")) continue;
    INFO(item.described["name"]);
    check_layer(item, RandomCrop{item.shape[0], item.shape[1]}, Mode::inference);
  }
}

TEST_CASE("contrast is Keras's") {
  for (const GoldenCase& item : cases_with("contrast")) {
    INFO(item.described["name"]);
    const std::int64_t channels = item.shape[2], pixels = item.shape[0] * item.shape[1];
    std::vector<float> found(item.expected.size());
    for (std::int64_t c = 0; c < channels; ++c) {
      reference::adjust_contrast(item.photo.pixels.data() + c, pixels, channels,
                                 item.described["contrast"].get<float>(), {0, 255}, found.data() + c);
    }
    CHECK(largest_difference(found, item.expected) <= tolerance_of_pixels);
  }
}

}  // namespace petal::testing
