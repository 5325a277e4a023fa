#include <algorithm>
#include <cmath>

#include "kernels/cpu/layout/copy.h"
#include "kernels/cpu/operations.h"
#include "kernels/cpu/random/normal_numbers.h"

namespace petal::cpu {
namespace {

// GaussianNoise adds to each element, GaussianDropout multiplies it.
class NoiseKernel : public Kernel {
 public:
  NoiseKernel(bool multiplies, float stddev, const PrepareContext& context)
      : multiplies_(multiplies), stddev_(stddev), layer_(context.layer), shape_(context.dst.shape) {}

  std::string implementation() const override { return "loops"; }

 protected:
  void disturb(const RunContext& context, const float* from, float* to) const {
    const std::int64_t batch = shape_[0], each = shape_.elements() / batch;
    const std::int64_t blocks = (each + block - 1) / block;
#pragma omp parallel for collapse(2) schedule(static) if (batch * each >= worth_threads)
    for (std::int64_t n = 0; n < batch; ++n) {
      for (std::int64_t b = 0; b < blocks; ++b) {
        const auto sample = context.samples.empty() ? static_cast<std::uint32_t>(n)
                                                    : context.samples[static_cast<std::size_t>(n)];
        const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch, sample, layer_);
        const std::int64_t last = std::min((b + 1) * block, each);
        disturb_range(random, b * block, last, from + n * each, to + n * each);
      }
    }
  }

 private:
  static constexpr std::int64_t block = 1024;  // a multiple of normals_at_once

  void disturb_range(const RandomStream& random, std::int64_t first, std::int64_t last, const float* from,
                     float* to) const {
    for (std::int64_t begin = first; begin < last; begin += normals_at_once) {
      float normals[normals_at_once];
      draw_normals(random, static_cast<std::uint32_t>(begin), normals);
      const std::int64_t end = std::min<std::int64_t>(begin + normals_at_once, last);
      for (std::int64_t i = begin; i < end; ++i) {
        const float noise = stddev_ * normals[i - begin];
        to[i] = multiplies_ ? from[i] * (1.0f + noise) : from[i] + noise;
      }
    }
  }

  bool multiplies_;
  float stddev_;
  std::uint32_t layer_;
  Shape shape_;
};

class NoiseForward final : public NoiseKernel {
 public:
  using NoiseKernel::NoiseKernel;
  void run(const Bindings& bindings) override {
    disturb(*bindings.context, floats(bindings.src[0]), floats(bindings.dst));
  }
  int in_place_input() const override { return 0; }
};

class NoiseBackward final : public NoiseKernel {
 public:
  using NoiseKernel::NoiseKernel;
  void run(const Bindings& bindings) override {
    if (bindings.diff_src[0])
      disturb(*bindings.context, floats(bindings.diff_dst), floats(bindings.diff_src[0]));
  }
};

KernelPointer prepare_noise(bool multiplies, float stddev, const PrepareContext& context) {
  const bool forward = context.direction == Direction::forward;
  const bool active = context.mode == Mode::training && context.node.trainable;
  if (!active || !(forward || multiplies)) return prepare_copy(context);
  if (forward) return std::make_unique<NoiseForward>(multiplies, stddev, context);
  return std::make_unique<NoiseBackward>(multiplies, stddev, context);
}

}  // namespace

Support supports(const GaussianNoise&, Direction direction) {
  return supports_without_weights(direction);
}
KernelPointer prepare(const GaussianNoise& layer, const Device&, const PrepareContext& context) {
  return prepare_noise(false, layer.stddev, context);
}

Support supports(const GaussianDropout&, Direction direction) {
  return supports_without_weights(direction);
}
KernelPointer prepare(const GaussianDropout& layer, const Device&, const PrepareContext& context) {
  return prepare_noise(true, std::sqrt(layer.rate / (1.0f - layer.rate)), context);
}

Support supports(const ActivityRegularization&, Direction direction) {
  if (direction == Direction::forward) return {};
  return {false, "its penalty on activations is not computed; train the model without the layer"};
}
KernelPointer prepare(const ActivityRegularization&, const Device&, const PrepareContext& context) {
  return prepare_copy(context);
}

}  // namespace petal::cpu
