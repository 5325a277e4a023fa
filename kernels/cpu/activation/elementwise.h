#pragma once

#include "kernels/cpu/operations.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {

// Own loops of a layer that works on each element alone, for what oneDNN lacks. `function` (x) and
// `derivative` (v, which is src or dst as the layer's BackwardNeeds say) are lambdas of one float, marked
// PETAL_LOOP.
template <class Function, class Derivative>
class ElementwiseLoops final : public Kernel {
 public:
  ElementwiseLoops(const PrepareContext& context, Function function, Derivative derivative)
      : forward_(context.direction == Direction::forward),
        from_src_(backward_needs(context.node.layer).src),
        elements_(context.dst.shape.elements()),
        function_(std::move(function)),
        derivative_(std::move(derivative)) {}

  void run(const Bindings& bindings) override {
    if (forward_) {
      const float* src = floats(bindings.src[0]);
      float* dst = floats(bindings.dst);
      for_blocks([&](std::int64_t i) PETAL_LOOP { dst[i] = function_(src[i]); });
    } else if (bindings.diff_src[0]) {
      const float* value = from_src_ ? floats(bindings.src[0]) : floats(bindings.dst);
      const float* diff_dst = floats(bindings.diff_dst);
      float* diff_src = floats(bindings.diff_src[0]);
      for_blocks([&](std::int64_t i) PETAL_LOOP { diff_src[i] = diff_dst[i] * derivative_(value[i]); });
    }
  }

  std::string implementation() const override { return "loops"; }
  int in_place_input() const override { return forward_ ? 0 : -1; }

 private:
  static constexpr std::int64_t block = 4096;

  template <class One>
  void for_blocks(const One& one) const {
    const std::int64_t blocks = (elements_ + block - 1) / block;
#pragma omp parallel for schedule(static) if (elements_ >= worth_threads)
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t first = b * block, last = std::min(first + block, elements_);
      run_in_vectors([&]() PETAL_LOOP {
#pragma omp simd
        for (std::int64_t i = first; i < last; ++i) one(i);
      });
    }
  }

  bool forward_, from_src_;
  std::int64_t elements_;
  Function function_;
  Derivative derivative_;
};

template <class Function, class Derivative>
KernelPointer prepare_elementwise(const PrepareContext& context, Function function, Derivative derivative) {
  return std::make_unique<ElementwiseLoops<Function, Derivative>>(context, std::move(function),
                                                                  std::move(derivative));
}

}  // namespace petal::cpu
