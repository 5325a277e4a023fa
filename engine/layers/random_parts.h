#pragma once

#include "engine/layers/parts.h"

namespace petal {

// From where an amount is drawn, uniformly; or the least and the largest value of a pixel.
struct Range {
  float lower = 0;
  float upper = 0;
  // Keras's meaning of a single number.
  static constexpr Range around_zero(float factor) { return {-factor, factor}; }
  friend bool operator==(const Range&, const Range&) = default;
};

// What stands beyond the border of abcd: dcba|abcd|dcba, abcd|abcd|abcd, kkkk|abcd|kkkk, aaaa|abcd|dddd.
enum class FillMode { reflect, wrap, constant, nearest };
std::string_view to_string(FillMode mode);

enum class Interpolation { nearest, bilinear };
std::string_view to_string(Interpolation interpolation);

// How a photo is read between and beyond its pixels.
struct Sampling {
  FillMode fill_mode = FillMode::reflect;
  Interpolation interpolation = Interpolation::bilinear;
  float fill_value = 0;  // of FillMode::constant
  friend bool operator==(const Sampling&, const Sampling&) = default;
};

// Throws Error(`where`) unless there is one input and it is a photo of less than 2^31 elements, so that
// 32-bit numbers count them.
void require_photo(std::string_view where, std::span<const Shape> src);
// Throws Error(`where`) unless lowest <= lower <= upper <= highest.
void require_range(std::string_view where, std::string_view argument, const Range& range, float lowest,
                   float highest);
// Throws Error(`where`) unless lower < upper, both finite.
void require_value_range(std::string_view where, const Range& value_range);

}  // namespace petal
