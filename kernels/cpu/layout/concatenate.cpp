#include <algorithm>

#include "kernels/cpu/bfloat16.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// Rows of channels side by side. Own loops: they are copies, and oneDNN's fall back to the reference for odd
// channels.
template <class Element>
class ConcatenateForward final : public Kernel {
 public:
  explicit ConcatenateForward(const PrepareContext& context)
      : channels_(context.dst.shape.back()), rows_(context.dst.shape.elements() / channels_) {
    for (const TensorDescription& src : context.src) parts_.push_back(src.shape.back());
  }

  void run(const Bindings& bindings) override {
    auto* dst = reinterpret_cast<Element*>(bindings.dst);
#pragma omp parallel for schedule(static) if (rows_ * channels_ >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      Element* to = dst + row * channels_;
      for (std::size_t input = 0; input < parts_.size(); to += parts_[input++]) {
        const auto* src = reinterpret_cast<const Element*>(bindings.src[input]);
        std::copy_n(src + row * parts_[input], parts_[input], to);
      }
    }
  }

  std::string implementation() const override {
    return "copy";
  }

 private:
  std::int64_t channels_, rows_;
  std::vector<std::int64_t> parts_;  // each input's channels
};

template <class Element>
class ConcatenateBackward final : public Kernel {
 public:
  explicit ConcatenateBackward(const PrepareContext& context)
      : channels_(context.dst.shape.back()), rows_(context.dst.shape.elements() / channels_) {
    for (const TensorDescription& src : context.src) parts_.push_back(src.shape.back());
  }

  void run(const Bindings& bindings) override {
    const auto* diff_dst = reinterpret_cast<const Element*>(bindings.diff_dst);
#pragma omp parallel for schedule(static) if (rows_ * channels_ >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      const Element* from = diff_dst + row * channels_;
      for (std::size_t input = 0; input < parts_.size(); from += parts_[input++]) {
        auto* to = reinterpret_cast<Element*>(bindings.diff_src[input]);
        if (to) std::copy_n(from, parts_[input], to + row * parts_[input]);
      }
    }
  }

  std::string implementation() const override {
    return "copy";
  }

 private:
  std::int64_t channels_, rows_;
  std::vector<std::int64_t> parts_;
};

template <class Element>
KernelPointer prepare_concatenate(const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<ConcatenateForward<Element>>(context);
  return std::make_unique<ConcatenateBackward<Element>>(context);
}

}  // namespace

Support supports(const Concatenate&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Concatenate&, const Device&, const PrepareContext& context) {
  return prepare_concatenate<float>(context);
}

KernelPointer prepare_bfloat16(const Concatenate&, const Device&, const PrepareContext& context) {
  return is_all_bfloat16(context) ? prepare_concatenate<Bfloat16>(context) : nullptr;
}

}  // namespace petal::cpu
