#pragma once

#include <algorithm>

#include "engine/layers/random_contrast.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

// One channel of one photo, whose pixels lie `channels` apart: (x - mean) * contrast + mean, cut to the
// range.
template <class T>
void adjust_contrast(const T* src, std::int64_t pixels, std::int64_t channels, T contrast, const Range& range,
                     T* dst) {
  T sum{};
  for (std::int64_t i = 0; i < pixels; ++i) sum += src[i * channels];
  const T mean = sum / static_cast<T>(pixels);
  for (std::int64_t i = 0; i < pixels; ++i) {
    const T adjusted = (src[i * channels] - mean) * contrast + mean;
    dst[i * channels] = std::clamp(adjusted, static_cast<T>(range.lower), static_cast<T>(range.upper));
  }
}

Support supports(const RandomContrast& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const RandomContrast& layer, const PrepareContext& context);

}  // namespace petal::reference
