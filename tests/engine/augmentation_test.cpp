#include "engine/augmentation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <set>

#include "engine/error.h"

using namespace petal;

namespace {

constexpr std::uint32_t layer_number = 21;

// The stream of a photo that is named in the batch.
RandomStream stream(std::uint32_t sample, std::uint32_t epoch = 0, std::uint32_t layer = layer_number,
                    std::uint64_t seed = 5) {
  const std::array<std::uint32_t, 1> samples = {sample};
  return augmentation_stream({.seed = seed, .epoch = epoch, .samples = samples}, 0, layer);
}

struct Spread {
  double mean = 0, deviation = 0, least = INFINITY, largest = -INFINITY;
};

// Of what 20000 photos draw.
Spread spread_of(const std::function<double(const RandomStream&)>& draw) {
  constexpr int count = 20000;
  double sum = 0, squares = 0;
  Spread spread;
  for (std::uint32_t sample = 0; sample < count; ++sample) {
    const double value = draw(stream(sample));
    sum += value;
    squares += value * value;
    spread.least = std::min(spread.least, value);
    spread.largest = std::max(spread.largest, value);
  }
  spread.mean = sum / count;
  spread.deviation = std::sqrt(squares / count - spread.mean * spread.mean);
  return spread;
}

// Uniform in [lower, upper], as far as 20000 draws tell: the mean to 4 of its own standard errors.
void check_uniform(const Spread& spread, double lower, double upper) {
  const double width = upper - lower, deviation = width / std::sqrt(12.0);
  CHECK(std::abs(spread.mean - (lower + upper) / 2) <= 4 * deviation / std::sqrt(20000.0));
  CHECK(spread.deviation == doctest::Approx(deviation).epsilon(0.02));
  CHECK(spread.least >= lower);
  CHECK(spread.largest <= upper);
  CHECK(spread.least <= lower + 0.001 * width);
  CHECK(spread.largest >= upper - 0.001 * width);
}

double correlation(const std::function<double(std::uint32_t)>& a,
                   const std::function<double(std::uint32_t)>& b) {
  double aa = 0, bb = 0, ab = 0;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    const double x = a(i) - 0.5, y = b(i) - 0.5;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return ab / std::sqrt(aa * bb);
}

double point(double scale_x, double x, double scale_y, double y, double offset) {
  return scale_x * x + scale_y * y + offset;
}

// Where (x, y) of dst is read.
std::array<double, 2> read_at(const Affine& map, double x, double y) {
  return {point(map.xx, x, map.xy, y, map.x0), point(map.yx, x, map.yy, y, map.y0)};
}

void check_read_at(const Affine& map, double x, double y, double src_x, double src_y) {
  const auto [found_x, found_y] = read_at(map, x, y);
  CHECK(found_x == doctest::Approx(src_x).epsilon(1e-9));
  CHECK(found_y == doctest::Approx(src_y).epsilon(1e-9));
}

template <class L>
std::string refusal(const L& layer, Shape shape = {8, 9, 3}) {
  try {
    infer_shape(layer, "layer 'x'", std::span(&shape, 1));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("half of the photos are flipped") {
  const Spread flips = spread_of([](const RandomStream& random) { return draw_flip(random) ? 1.0 : 0.0; });
  CHECK(flips.mean == doctest::Approx(0.5).epsilon(0.02));
}

TEST_CASE("amounts are drawn uniformly between their bounds, as Keras draws them") {
  constexpr double pi = std::numbers::pi;
  const Size2D photo{40, 30};
  check_uniform(spread_of([](const auto& r) {
                  return draw_rotation({.factor = {-0.2f, 0.2f}}, r);
                }),
                -0.4 * pi, 0.4 * pi);
  const RandomZoom zoom{.height_factor = {-0.1f, 0.3f}, .width_factor = Range{-0.5f, 0}};
  check_uniform(spread_of([&](const auto& r) { return draw_zoom(zoom, r).height; }), 0.9, 1.3);
  check_uniform(spread_of([&](const auto& r) { return draw_zoom(zoom, r).width; }), 0.5, 1);
  const RandomTranslation move{.height_factor = {-0.25f, 0.5f}, .width_factor = {-0.1f, 0.1f}};
  check_uniform(spread_of([&](const auto& r) { return draw_translation(move, photo, r).down; }), -10, 20);
  check_uniform(spread_of([&](const auto& r) { return draw_translation(move, photo, r).right; }), -3, 3);
  const RandomContrast contrast{.factor = {0.5f, 0.25f}};
  check_uniform(spread_of([&](const auto& r) { return draw_contrast(contrast, r); }), 0.5, 1.25);
  const RandomBrightness brightness{.factor = {-0.25f, 0.5f}, .value_range = {-1, 1}};
  check_uniform(spread_of([&](const auto& r) { return draw_brightness(brightness, r); }), -0.5, 1);
}

TEST_CASE("a zoom with one factor keeps the aspect ratio") {
  for (std::uint32_t sample = 0; sample < 100; ++sample) {
    const ZoomDraw zoom = draw_zoom({.height_factor = {-0.3f, 0.3f}}, stream(sample));
    CHECK(zoom.height == zoom.width);
  }
}

TEST_CASE("every place of a crop comes up, and equally often") {
  const RandomCrop crop{.height = 5, .width = 7};
  std::array<int, 4> tops{};
  std::array<int, 2> lefts{};
  for (std::uint32_t sample = 0; sample < 8000; ++sample) {
    const CropDraw place = draw_crop(crop, {8, 8}, stream(sample));
    ++tops.at(static_cast<std::size_t>(place.top));
    ++lefts.at(static_cast<std::size_t>(place.left));
  }
  for (const int count : tops) CHECK(std::abs(count - 2000) < 160);
  for (const int count : lefts) CHECK(std::abs(count - 4000) < 180);
}

TEST_CASE("seed, epoch, photo and layer each draw anew, and on their own") {
  const auto draw = [](const RandomStream& random) { return draw_rotation({.factor = {0, 1}}, random); };
  CHECK(draw(stream(3)) == draw(stream(3)));
  std::set<double> values = {draw(stream(3)), draw(stream(4)), draw(stream(3, 1)), draw(stream(3, 0, 22)),
                             draw(stream(3, 0, layer_number, 6))};
  CHECK(values.size() == 5);
  const auto unit = [](const RandomStream& random) { return static_cast<double>(random.uniform(0)); };
  const auto first = [&](std::uint32_t i) { return unit(stream(i)); };
  const double bound = 4 / std::sqrt(20000.0);
  CHECK(std::abs(correlation(first, [&](std::uint32_t i) { return unit(stream(i, 0, 22)); })) < bound);
  CHECK(std::abs(correlation(first, [&](std::uint32_t i) { return unit(stream(i, 1)); })) < bound);
  CHECK(std::abs(correlation(first, [&](std::uint32_t i) { return unit(stream(i + 1)); })) < bound);
  // The two amounts of one layer.
  const Range zero_to_one{0, 1};
  const RandomZoom zoom{.height_factor = zero_to_one, .width_factor = zero_to_one};
  const auto height = [&](std::uint32_t i) { return draw_zoom(zoom, stream(i)).height - 1; };
  CHECK(std::abs(correlation(height, [&](std::uint32_t i) { return draw_zoom(zoom, stream(i)).width - 1; })) <
        bound);
  const RandomTranslation move{.height_factor = zero_to_one, .width_factor = zero_to_one};
  const auto down = [&](std::uint32_t i) { return draw_translation(move, {1, 1}, stream(i)).down; };
  CHECK(std::abs(correlation(down, [&](std::uint32_t i) {
          return draw_translation(move, {1, 1}, stream(i)).right;
        })) < bound);
}

TEST_CASE("photos are known by their name in the batch, else by their place") {
  const std::array<std::uint32_t, 3> samples = {9, 2, 7};
  const RunContext named{.seed = 1, .epoch = 4, .samples = samples},
      unnamed{.seed = 1, .epoch = 4, .samples = {}};
  CHECK(augmentation_stream(named, 1, 3).bits(0) == augmentation_stream(unnamed, 2, 3).bits(0));
  CHECK(augmentation_stream(named, 1, 3).bits(0) != augmentation_stream(unnamed, 1, 3).bits(0));
}

TEST_CASE("the maps of single layers") {
  const Size2D photo{11, 21};  // its middle is (10, 5)
  check_read_at(mirrored(photo, true, false), 0, 3, 20, 3);
  check_read_at(mirrored(photo, false, true), 4, 1, 4, 9);
  // Counter-clockwise by a quarter: what was on the right is on top.
  check_read_at(rotated(photo, std::numbers::pi / 2), 10, 0, 15, 5);
  check_read_at(zoomed(photo, 2, 3), 10, 5, 10, 5);
  check_read_at(zoomed(photo, 2, 3), 11, 6, 13, 7);
  check_read_at(translated(3, 2), 5, 5, 3, 2);
  check_read_at(cropped(3, 2), 0, 0, 2, 3);
  check_read_at(resized({4, 8}, {8, 4}), 0, 0, 0.5, -0.25);
}

TEST_CASE("two maps in one read where they read one after the other") {
  const Affine first{.xx = 1.5, .xy = -0.25, .x0 = 3, .yx = 0.75, .yy = 2, .y0 = -1};
  const Affine second{.xx = -0.5, .xy = 4, .x0 = -2, .yx = 0.125, .yy = -3, .y0 = 5};
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {1.0, 0.0}, {0.0, 1.0}, {7.0, -3.0}}) {
    const auto [between_x, between_y] = read_at(second, x, y);
    const auto [src_x, src_y] = read_at(first, between_x, between_y);
    check_read_at(compose(first, second), x, y, src_x, src_y);
  }
}

TEST_CASE("a chain's map is its parts' maps one after the other") {
  const RunContext context{.seed = 8, .epoch = 2, .samples = {}};
  const Size2D photo{32, 48};
  const RandomAffine chain{.parts = {{RandomRotation{.factor = {-0.2f, 0.2f}}, 1},
                                     {RandomTranslation{.height_factor = {-0.1f, 0.1f}}, 2},
                                     {RandomCrop{.height = 20, .width = 30}, 3},
                                     {RandomFlip{}, 4}}};
  for (std::int64_t index = 0; index < 20; ++index) {
    // From the place in the result back through each picture to the photo.
    std::array<double, 2> at = {3, 17};
    Size2D size{20, 30};
    for (std::size_t part = chain.parts.size(); part-- > 0;) {
      if (part == 2) size = photo;
      const auto& [layer, number] = chain.parts[part];
      at = read_at(draw_affine(layer, size, augmentation_stream(context, index, number)), at[0], at[1]);
    }
    check_read_at(Warp(chain, photo).affine(context, index), 3, 17, at[0], at[1]);
  }
}

TEST_CASE("what stands beyond the border, as TensorFlow has it") {
  // Columns -9 to 12 of the row abcd, from ImageProjectiveTransformV3; its `wrap` is not quite periodic.
  const auto row = [](FillMode mode) {
    std::string text;
    for (int i = -9; i <= 12; ++i) {
      text += "abcd"[static_cast<std::size_t>(filled(mode, static_cast<float>(i), 4))];
    }
    return text;
  };
  CHECK(row(FillMode::reflect) == "aabcddcbaabcddcbaabcdd");
  CHECK(row(FillMode::wrap) == "dddddddcdabcdabaaaaaaa");
  CHECK(row(FillMode::nearest) == "aaaaaaaaaabcdddddddddd");
  CHECK(filled(FillMode::constant, -3.5f, 4) == -3.5f);
  for (const FillMode mode : {FillMode::reflect, FillMode::wrap, FillMode::nearest}) {
    CHECK(filled(mode, -2.3f, 1) == 0);
    for (float at = -40; at < 40; at += 0.37f) {
      CHECK(filled(mode, at, 6) >= 0);
      CHECK(filled(mode, at, 6) <= 5);
      if (at >= 0 && at <= 5) CHECK(filled(mode, at, 6) == at);
    }
  }
}

TEST_CASE("halves go to the pixel away from zero") {
  CHECK(nearest_pixel(0.49999997f) == 0);
  CHECK(nearest_pixel(0.5f) == 1);
  CHECK(nearest_pixel(2.5f) == 3);
  CHECK(nearest_pixel(-0.49f) == 0);
  CHECK(nearest_pixel(-0.5f) == -1);
}

TEST_CASE("what cannot be drawn or cropped is refused with the layer's name") {
  CHECK(refusal(RandomRotation{.factor = {-1.5f, 0}}).find("layer 'x': factor from -1.5 to 0") == 0);
  CHECK(refusal(RandomRotation{.factor = {0.2f, 0.1f}}) != "no error");
  CHECK(refusal(RandomRotation{.factor = {NAN, 0.1f}}) != "no error");
  CHECK(refusal(RandomZoom{.height_factor = {-1, 0}}) != "no error");
  CHECK(refusal(RandomZoom{.height_factor = {0, 0}, .width_factor = Range{0, 2}}) != "no error");
  CHECK(refusal(RandomTranslation{.width_factor = {0, 1.1f}}) != "no error");
  CHECK(refusal(RandomContrast{.factor = {-0.1f, 0.1f}}) != "no error");
  CHECK(refusal(RandomContrast{.value_range = {1, 1}}).find("value_range") != std::string::npos);
  CHECK(refusal(RandomBrightness{.value_range = {0, INFINITY}}) != "no error");
  CHECK(refusal(RandomCrop{.height = 0, .width = 4}) != "no error");
  CHECK(refusal(RandomFlip{}, {8}).find("(height, width, channels)") != std::string::npos);
  CHECK(refusal(RandomFlip{}, {1 << 16, 1 << 15, 1}).find("2^31") != std::string::npos);
  CHECK(refusal(RandomCrop{.height = 1 << 16, .width = 1 << 16}) != "no error");
  const RandomAffine::Part crop{RandomCrop{.height = 4, .width = 4}, 1};
  CHECK(refusal(RandomAffine{.parts = {crop}}) == "no error");
  CHECK(refusal(RandomAffine{.parts = {crop}}, {4, 9, 3}) != "no error");
  CHECK(refusal(RandomAffine{.parts = {crop, {RandomCrop{.height = 2, .width = 2}, 2}}}) != "no error");
}
