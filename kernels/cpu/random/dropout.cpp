#include <algorithm>

#include "kernels/cpu/layout/copy.h"
#include "kernels/cpu/random/random_bits.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// dst = src / (1 - rate) where the draw at the element's position in its sample is not below rate, else 0.
// Nothing is kept for backward: the same draws are made again, from counters.
class DropoutKernel : public Kernel {
 public:
  DropoutKernel(const Dropout& layer, const PrepareContext& context)
      : rate_(layer.rate),
        scale_(1.0f / (1.0f - layer.rate)),
        layer_(context.layer),
        batch_(context.dst.shape[0]),
        elements_(context.dst.shape.elements() / context.dst.shape[0]) {}

  std::string implementation() const override { return "loops"; }

 protected:
  void drop(const RunContext& context, const float* from, float* to) const {
    const std::int64_t blocks = (elements_ + block - 1) / block;
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * elements_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t b = 0; b < blocks; ++b) {
        const auto sample = context.samples.empty() ? static_cast<std::uint32_t>(n)
                                                    : context.samples[static_cast<std::size_t>(n)];
        const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch, sample, layer_);
        const std::int64_t first = b * block, last = std::min(first + block, elements_);
        drop_range(random, first, last, from + n * elements_, to + n * elements_);
      }
    }
  }

 private:
  static constexpr std::int64_t block = 1024;  // a multiple of random_bits_at_once

  void drop_range(const RandomStream& random, std::int64_t first, std::int64_t last, const float* from,
                  float* to) const {
    run_in_vectors([&]() PETAL_LOOP {
      const Floats rate = Floats{} + rate_, scale = Floats{} + scale_;
      for (std::int64_t i = first; i < last; i += random_bits_at_once) {
        std::uint32_t bits[random_bits_at_once];
        draw_bits(random, static_cast<std::uint32_t>(i / 4), bits);
        const std::int64_t count = std::min<std::int64_t>(random_bits_at_once, last - i);
        for (std::int64_t k = 0; k < count; k += lanes) {
          const std::int64_t valid = std::min(lanes, count - k);
          Words words;
          load(bits + k, lanes, words);
          Floats value;
          load(from + i + k, valid, value);
          // RandomStream::to_unit.
          const Floats unit = __builtin_convertvector(Integers(words >> 8), Floats) * 0x1p-24f;
          value = unit >= rate ? value * scale : Floats{};
          store(value, valid, to + i + k);
        }
      }
    });
  }

  float rate_, scale_;
  std::uint32_t layer_;
  std::int64_t batch_, elements_;
};

class DropoutForward final : public DropoutKernel {
 public:
  using DropoutKernel::DropoutKernel;
  void run(const Bindings& bindings) override {
    drop(*bindings.context, floats(bindings.src[0]), floats(bindings.dst));
  }
  int in_place_input() const override { return 0; }
};

class DropoutBackward final : public DropoutKernel {
 public:
  using DropoutKernel::DropoutKernel;
  void run(const Bindings& bindings) override {
    if (bindings.diff_src[0])
      drop(*bindings.context, floats(bindings.diff_dst), floats(bindings.diff_src[0]));
  }
};

}  // namespace

Support supports(const Dropout&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Dropout& layer, const Device&, const PrepareContext& context) {
  if (context.mode == Mode::inference || !context.node.trainable) return prepare_copy(context);
  if (context.direction == Direction::forward) return std::make_unique<DropoutForward>(layer, context);
  return std::make_unique<DropoutBackward>(layer, context);
}

}  // namespace petal::cpu
