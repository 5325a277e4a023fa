#include "engine/initializer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/error.h"

namespace petal {
namespace {

// A normal variate cut at two standard deviations: candidates are drawn anew, by position, until one is
// inside. 32 draws miss with a probability of 10^-43.
float truncated_normal(const RandomStream& random, std::uint32_t element) {
  for (std::uint32_t draw = 0; draw < 32; ++draw) {
    const float value = random.normal(element * 32 + draw);
    if (std::abs(value) <= 2.0f) return value;
  }
  return 0.0f;
}

// Keras divides by this so that the cut distribution has the stated standard deviation.
constexpr float truncation_loss = 0.87962566103423978f;

}  // namespace

void initialize(const Initializer& initializer, const RandomStream& random, Tensor& tensor) {
  const auto values = tensor.values<float>();
  const auto count = static_cast<std::uint32_t>(values.size());
  switch (initializer.kind) {
    case Initializer::Kind::zeros:
      std::ranges::fill(values, 0.0f);
      return;
    case Initializer::Kind::ones:
      std::ranges::fill(values, 1.0f);
      return;
    case Initializer::Kind::values:
      if (initializer.values.size() != values.size()) {
        throw Error("initializer", std::to_string(initializer.values.size()) +
                                       " values were given for a weight " + tensor.shape().to_string());
      }
      std::ranges::copy(initializer.values, values.begin());
      return;
    case Initializer::Kind::glorot_uniform: {
      const auto fans = static_cast<float>(initializer.fan_in + initializer.fan_out);
      const float limit = std::sqrt(6.0f / std::max(fans, 1.0f));
      // Position by position this would draw each block of four numbers four times.
      for (std::uint32_t i = 0; i < count; i += 4) {
        const std::array<std::uint32_t, 4> bits = random.block(i / 4);
        for (std::uint32_t j = i; j < std::min(i + 4, count); ++j) {
          values[j] = (RandomStream::to_unit(bits[j % 4]) * 2.0f - 1.0f) * limit;
        }
      }
      return;
    }
    case Initializer::Kind::he_normal:
    case Initializer::Kind::truncated_normal: {
      const bool he = initializer.kind == Initializer::Kind::he_normal;
      const float fan_in = std::max(static_cast<float>(initializer.fan_in), 1.0f);
      const float stddev = he ? std::sqrt(2.0f / fan_in) / truncation_loss : initializer.stddev;
      for (std::uint32_t i = 0; i < count; ++i) values[i] = truncated_normal(random, i) * stddev;
      return;
    }
  }
}

}  // namespace petal
