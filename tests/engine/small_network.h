#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/graph.h"
#include "engine/random.h"
#include "engine/sample_source.h"

// A small network and its batches, for tests of how plans use a device's memory.
namespace petal::testing {

inline constexpr std::int64_t batch = 5;

// Augmentation, convolutions, a regulariser, dropout, two readers; with `normalized` a batch norm that
// learns.
inline Graph small_network(bool normalized, float l2 = 0.01f) {
  GraphBuilder g("small");
  Value x = g.input({6, 6, 2});
  x = g.add("flip", RandomFlip{}, x);
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}, .kernel_regularizer = {.l2 = l2}}, x);
  if (normalized) x = g.add("bn", BatchNormalization{}, x);
  Value y = g.add("relu", Activation{ActivationFunction::relu}, x);
  y = g.add("pointwise", Conv2D{.filters = 4}, y);
  x = g.add("sum", Add{}, {x, y, x});
  x = g.add("pool", MaxPooling2D{}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("dropout", Dropout{0.3f}, x);
  x = g.add("predictions", Dense{.units = 3, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

class Noise : public SampleSource {
 public:
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    const RandomStream random(2, RandomPurpose::drawing);
    for (std::int64_t i = 0; i < 72 * count; ++i) {
      dst[i] = random.uniform(static_cast<std::uint32_t>(72 * first + i)) * 2 - 1;
    }
  }
};

inline constexpr std::array<std::int32_t, batch> targets = {2, 0, 1, 1, 0};
inline constexpr std::array<float, batch> sample_weights = {1.0f, 0.5f, 2.0f, 0.25f, 1.5f};
inline constexpr std::array<std::uint32_t, batch> samples = {90, 7, 31, 5, 66};

// Pixels of one step's batch.
class Pixels : public SampleSource {
 public:
  explicit Pixels(std::uint32_t step) : step_(step) {}
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = 0; i < 72 * count; ++i) dst[i] = pixel(72 * first + i);
  }
  void write_pixels(std::size_t, std::int64_t first, std::int64_t count, std::uint8_t* dst) const override {
    for (std::int64_t i = 0; i < 72 * count; ++i) dst[i] = pixel(72 * first + i);
    ++writes;
  }
  mutable int writes = 0;

 private:
  std::uint8_t pixel(std::int64_t i) const {
    const RandomStream random(2, RandomPurpose::drawing, step_);
    return static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(i), 256));
  }
  std::uint32_t step_;
};

inline void append(std::vector<float>& all, std::span<const float> more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace petal::testing
