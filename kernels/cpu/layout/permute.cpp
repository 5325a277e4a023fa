#include <algorithm>

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// dst in its own order, read from src by strides: rows of the innermost dimension of dst.
class PermuteKernel : public Kernel {
 public:
  PermuteKernel(const Permute& layer, const PrepareContext& context) {
    const Shape &src = context.src[0].shape, &dst = context.dst.shape;
    std::vector<std::int64_t> src_strides(src.rank(), 1);
    for (std::size_t axis = src.rank() - 1; axis-- > 0;) {
      src_strides[axis] = src_strides[axis + 1] * src[axis + 1];
    }
    strides_.push_back(src_strides[0]);
    for (const std::int64_t dim : layer.dims) {
      strides_.push_back(src_strides[static_cast<std::size_t>(dim)]);
    }
    dims_.assign(dst.dims().begin(), dst.dims().end());
    length_ = dst.back();
    rows_ = dst.elements() / length_;
    step_ = strides_.back();
  }

  std::string implementation() const override { return "copy"; }

 protected:
  // Calls f(place in dst, place in src) for the first element of each row of dst.
  template <class F>
  void for_rows(const F& f) const {
#pragma omp parallel for schedule(static) if (rows_ * length_ >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      std::int64_t place = 0, rest = row;
      for (std::size_t axis = dims_.size() - 1; axis-- > 0; rest /= dims_[axis]) {
        place += rest % dims_[axis] * strides_[axis];
      }
      f(row * length_, place);
    }
  }

  std::vector<std::int64_t> dims_, strides_;  // of dst; how far each dimension goes in src
  std::int64_t length_, rows_, step_;
};

class PermuteForward final : public PermuteKernel {
 public:
  using PermuteKernel::PermuteKernel;
  void run(const Bindings& bindings) override {
    for_rows([&](std::int64_t d, std::int64_t s) {
      const float* src = floats(bindings.src[0]) + s;
      float* dst = floats(bindings.dst) + d;
      for (std::int64_t i = 0; i < length_; ++i) dst[i] = src[i * step_];
    });
  }
};

class PermuteBackward final : public PermuteKernel {
 public:
  using PermuteKernel::PermuteKernel;
  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    for_rows([&](std::int64_t d, std::int64_t s) {
      const float* diff_dst = floats(bindings.diff_dst) + d;
      float* diff_src = floats(bindings.diff_src[0]) + s;
      for (std::int64_t i = 0; i < length_; ++i) diff_src[i * step_] = diff_dst[i];
    });
  }
};

}  // namespace

Support supports(const Permute&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Permute& layer, const Device&, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<PermuteForward>(layer, context);
  return std::make_unique<PermuteBackward>(layer, context);
}

}  // namespace petal::cpu
