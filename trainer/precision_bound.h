#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/backend.h"

namespace petal {

// How far a half precision is from f32 on a sample of photos. A photo's feature error is ||half - f32|| /
// ||f32||.
struct PrecisionError {
  Precision half = Precision::bf16;
  std::int64_t photos = 0;
  double median_feature_error = 0, worst_feature_error = 0;
  std::int64_t changed_classes = 0;      // photos whose most probable class is another
  std::optional<double> f32_accuracy{};  // on the sample; nothing: its classes are not known
  std::optional<double> half_accuracy{};
};

// What --precision auto takes for as good as f32. The scale is what happens to photos anyway: saved anew as
// JPEG at quality 95, flower photos give MobileNetV2 features that differ by 11 % (median; the worst 22 %).
// Half of that for the median; a photo whose features are few and small may reach all of it. bf16 itself, on
// 64 of them: MobileNetV2 3.8 % (11 %), InceptionV3 0.8 % (3 %), with no change in accuracy beyond chance.
inline constexpr double median_feature_bound = 0.055, worst_feature_bound = 0.22;
// Photos that lie between two classes may change over, in either direction: two of a sample of 64; of them
// one to the worse.
inline constexpr double changed_classes_bound = 2 / 64.0, lost_accuracy_bound = 1 / 64.0;
bool is_within_bound(const PrecisionError& error);

// What bf16 must gain for --precision auto to look at it.
inline constexpr double least_bf16_speed = 1.15;

// What ran, and what was measured for it.
struct PrecisionChoice {
  Precision precision = Precision::f32;
  bool is_automatic = false;
  std::optional<PrecisionError> error{};
  std::optional<double> bf16_speed{};  // times f32's, where it was timed
};

// The measurements, the bound and the choice in one line; empty where nothing was measured.
std::string to_text(const PrecisionChoice& choice);

}  // namespace petal
