#include "kernels/cpu/convolution/gradient_rows.h"

#include "kernels/cpu/activation/activation_gradient.h"

namespace petal::cpu {

const float* GradientRows::row(const Bindings& bindings, std::int64_t row, std::int64_t first,
                               std::int64_t count, float* room) const {
  const std::int64_t begin = row * width_ * channels_;
  const float* diff_dst = floats(bindings.diff_dst) + begin;
  if (activation_ == ActivationFunction::linear) return diff_dst;
  const float* dst = floats(bindings.dst) + begin;
  with_activation(activation_, [&](auto activation) {
    run_in_vectors([&]() PETAL_LOOP {
      for (std::int64_t x = 0; x < width_; ++x) {
        for (std::int64_t c = first; c < first + count; c += lanes) {
          const std::int64_t i = x * channels_ + c, valid = std::min(lanes, first + count - c);
          Floats y, gradient;
          load(dst + i, valid, y);
          load(diff_dst + i, valid, gradient);
          differentiate<decltype(activation)::value>(y, gradient);
          store(gradient, valid, room + i);
        }
      }
    });
  });
  return room;
}

}  // namespace petal::cpu
