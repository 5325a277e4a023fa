#include "kernels/cpu/widened.h"

#include <algorithm>

#include "kernels/cpu/bfloat16.h"

namespace petal::cpu {
namespace {

bool is_half(const TensorDescription& description) {
  return description.type == DataType::bf16;
}

std::size_t float_bytes(std::int64_t elements) {
  return static_cast<std::size_t>(elements) * sizeof(float);
}

// Where a float32 copy of a bfloat16 array lies in scratch; none of what is float32 already.
struct Copy {
  bool is_needed = false;
  std::size_t offset = 0;
  std::int64_t elements = 0;

  const std::byte* widened(const std::byte* from, std::byte* scratch) const {
    if (!is_needed || from == nullptr) return from;
    widen(from, elements, floats(scratch + offset));
    return scratch + offset;
  }
};

class WidenedKernel final : public Kernel {
 public:
  WidenedKernel(const PrepareContext& context, KernelPointer kernel)
      : kernel_(std::move(kernel)), inner_scratch_(scratch_.add(kernel_->scratch_bytes())) {
    for (const TensorDescription& src : context.src) src_.push_back(copy_of(is_half(src), src.shape));
    if (!context.constant_weights) {
      for (const Tensor* tensor : context.weights) weights_.push_back(copy_of(true, tensor->shape()));
    }
    const int shared = kernel_->in_place_input();
    const bool shares = shared >= 0 && context.src[static_cast<std::size_t>(shared)].type == context.dst.type;
    if (shares) in_place_ = shared;
    // The kernel's own result in place saves its copying the residual.
    dst_ = shares ? src_[static_cast<std::size_t>(shared)] : copy_of(is_half(context.dst), context.dst.shape);
    src_pointers_.resize(src_.size());
    weight_pointers_.resize(weights_.size());
  }

  void run(const Bindings& bindings) override {
    Bindings inner = bindings;
    for (std::size_t i = 0; i < src_.size(); ++i)
      src_pointers_[i] = src_[i].widened(bindings.src[i], bindings.scratch);
    for (std::size_t i = 0; i < weights_.size(); ++i)
      weight_pointers_[i] = weights_[i].widened(bindings.weights[i], bindings.scratch);
    inner.src = src_pointers_;
    if (!weights_.empty()) inner.weights = weight_pointers_;
    inner.dst = dst_.is_needed ? bindings.scratch + dst_.offset : bindings.dst;
    inner.scratch = bindings.scratch + inner_scratch_;
    kernel_->run(inner);
    if (dst_.is_needed) narrow(floats(inner.dst), dst_.elements, bindings.dst);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::size_t workspace_bytes() const override { return kernel_->workspace_bytes(); }
  std::string implementation() const override { return kernel_->implementation() + " in f32"; }
  int in_place_input() const override { return in_place_; }

 private:
  Copy copy_of(bool is_needed, const Shape& shape) {
    if (!is_needed) return {};
    return {true, scratch_.add(float_bytes(shape.elements())), shape.elements()};
  }

  KernelPointer kernel_;
  ScratchLayout scratch_;
  std::size_t inner_scratch_;
  std::vector<Copy> src_, weights_;
  Copy dst_;
  int in_place_ = -1;
  std::vector<const std::byte*> src_pointers_, weight_pointers_;
};

void make_float32(TensorDescription& description) {
  if (is_half(description)) description.type = DataType::f32;
}

}  // namespace

KernelPointer prepare_widened(const PrepareContext& context,
                              const std::function<KernelPointer(const PrepareContext&)>& prepare) {
  PrepareContext inner = context;
  inner.precision = Precision::f32;
  for (TensorDescription& src : inner.src) make_float32(src);
  make_float32(inner.dst);
  if (std::ranges::none_of(context.src, is_half) && !is_half(context.dst)) return prepare(inner);
  // Kernels pack what they need of it, so it lives until the kernel is made.
  Tensor rounded;
  const Layer& layer = context.node.layer;
  if (context.constant_weights &&
      (std::holds_alternative<Conv2D>(layer) || std::holds_alternative<Dense>(layer))) {
    rounded = *context.weights[0];
    round_to_bfloat16(rounded.values().data(), rounded.elements());
    inner.weights[0] = &rounded;
  }
  return std::make_unique<WidenedKernel>(context, prepare(inner));
}

}  // namespace petal::cpu
