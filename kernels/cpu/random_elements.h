#pragma once

#include <algorithm>

#include "engine/random.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {

// to[i] = f(stream of the sample, i, from[i]) for the elements of the samples, i counting from the sample's
// first.
template <class F>
void each_element(std::uint32_t layer, const Shape& shape, const RunContext& context, const float* from,
                  float* to, const F& f) {
  constexpr std::int64_t block = 1024;
  const std::int64_t batch = shape[0], each = shape.elements() / batch, blocks = (each + block - 1) / block;
#pragma omp parallel for collapse(2) schedule(static) if (batch * each >= worth_threads)
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t b = 0; b < blocks; ++b) {
      const auto sample = context.samples.empty() ? static_cast<std::uint32_t>(n)
                                                  : context.samples[static_cast<std::size_t>(n)];
      const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch, sample, layer);
      for (std::int64_t i = b * block; i < std::min((b + 1) * block, each); ++i) {
        to[n * each + i] = f(random, static_cast<std::uint32_t>(i), from[n * each + i]);
      }
    }
  }
}

}  // namespace petal::cpu
