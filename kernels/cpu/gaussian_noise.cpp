#include <cmath>

#include "kernels/cpu/copy.h"
#include "kernels/cpu/random_elements.h"

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
    const float stddev = stddev_;
    if (multiplies_) {
      each_element(layer_, shape_, context, from, to,
                   [stddev](const RandomStream& random, std::uint32_t i, float value) {
                     return value * (1.0f + stddev * random.normal(i));
                   });
    } else {
      each_element(layer_, shape_, context, from, to,
                   [stddev](const RandomStream& random, std::uint32_t i, float value) {
                     return value + stddev * random.normal(i);
                   });
    }
  }

 private:
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
