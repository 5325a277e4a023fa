#include "trainer/precision_bound.h"

#include <fmt/format.h>

namespace petal {

bool is_within_bound(const PrecisionError& error) {
  const auto photos = static_cast<double>(error.photos);
  const double lost = error.f32_accuracy ? *error.f32_accuracy - *error.half_accuracy : 0;
  // Written so that what is no number is beyond the bound.
  return error.median_feature_error <= median_feature_bound &&
         error.worst_feature_error <= worst_feature_bound &&
         static_cast<double>(error.changed_classes) <= changed_classes_bound * photos &&
         lost <= lost_accuracy_bound;
}

std::string to_text(const PrecisionChoice& choice) {
  std::string text;
  if (choice.bf16_speed) text = fmt::format("bf16 runs {:.2f} times as fast as f32", *choice.bf16_speed);
  if (!choice.error) {
    if (!text.empty()) text += fmt::format(" (auto takes it from {} on), so f32 is used", least_bf16_speed);
    return text;
  }
  if (!text.empty()) text += "; ";
  const PrecisionError& e = *choice.error;
  text += fmt::format(
      "{} against f32 on {} photos: features differ by {:.2f} % (worst {:.2f} %), {} photos change "
      "class",
      to_string(e.half), e.photos, 100 * e.median_feature_error, 100 * e.worst_feature_error,
      e.changed_classes);
  if (e.f32_accuracy) text += fmt::format(", accuracy {:.3f} -> {:.3f}", *e.f32_accuracy, *e.half_accuracy);
  text += fmt::format("; the bound is {:.1f} % (worst {:.0f} %), {:.1f} % of photos, {:.3f} of accuracy: ",
                      100 * median_feature_bound, 100 * worst_feature_bound, 100 * changed_classes_bound,
                      lost_accuracy_bound);
  text += is_within_bound(e) ? "kept" : "missed";
  if (choice.is_automatic) text += fmt::format(", so {} is used", to_string(choice.precision));
  return text;
}

}  // namespace petal
