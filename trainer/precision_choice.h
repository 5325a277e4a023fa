#pragma once

#include <span>
#include <string>

#include "engine/model.h"
#include "trainer/features.h"
#include "trainer/precision_bound.h"

namespace petal {

// What --precision asks for.
struct PrecisionRequest {
  Precision precision = Precision::f32;
  // `precision` is wanted where it stays within the bound (precision_bound.h) on a sample of the photos, f32
  // where it does not, nor where there are fewer photos than are worth the measurement.
  bool is_automatic = false;
  // And only where bf16_speed (precision_speed.h) is least_bf16_speed: a network's steps are never timed.
  bool is_timed = false;
  std::int64_t least_photos = 256;
};
inline constexpr std::int64_t precision_sample = 64;  // photos

// "f32", "bf16", "f16", or "auto": bf16 within the bound where it is faster, else f32. Throws
// Error(--precision) that lists them.
PrecisionRequest precision_request(const std::string& name, Bfloat16Speed bf16);
// "auto" or the precision's name.
std::string to_string(const PrecisionRequest& request);

// For a frozen base. A half precision is measured in any case, on an even choice of the photos; their classes
// are told by the nearest of the classes' mean features (each photo left out of its own), as no head is
// trained yet. What is computed goes through the cache. Throws as extract_features.
PrecisionChoice choose_precision(const PrecisionRequest& request, const Network& base,
                                 std::span<const Photo> photos, const BackendFactory& backends,
                                 const FeatureOptions& options);

// For a whole classifier, by its own answers; measured only where the request is automatic. Accuracy is
// compared where the photos' classes are known.
PrecisionChoice choose_precision(const PrecisionRequest& request, const Model& model,
                                 std::span<const Photo> photos, const BackendFactory& backends,
                                 const PhotoStreamOptions& options);

}  // namespace petal
