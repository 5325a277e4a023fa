#include "kernels/cpu/widened.h"

#include <algorithm>

#include "engine/value_types.h"
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
  // Where a kernel is to write what belongs into `to`.
  std::byte* place(std::byte* to, std::byte* scratch) const {
    return is_needed && to != nullptr ? scratch + offset : to;
  }
  void narrow_into(std::byte* to, const std::byte* scratch) const {
    if (is_needed && to != nullptr) narrow(floats(scratch + offset), elements, to);
  }
};

// Copies of the arrays that all directions read.
class WidenedKernel : public Kernel {
 public:
  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::size_t workspace_bytes() const override { return kernel_->workspace_bytes(); }
  std::string implementation() const override { return kernel_->implementation() + " in f32"; }

 protected:
  WidenedKernel(const PrepareContext& context, bool reads_src, KernelPointer kernel)
      : kernel_(std::move(kernel)), inner_scratch_(scratch_.add(kernel_->scratch_bytes())) {
    for (const TensorDescription& src : context.src)
      src_.push_back(copy_of(reads_src && is_half(src), src.shape));
    if (!context.constant_weights) {
      for (std::size_t i = 0; i < context.weights.size(); ++i) {
        const bool half = weight_type(context.node.layer, i, context.src[0].type) == DataType::bf16;
        weights_.push_back(copy_of(half, context.weights[i]->shape()));
      }
    }
    src_pointers_.resize(src_.size());
    weight_pointers_.resize(weights_.size());
  }

  Copy copy_of(bool is_needed, const Shape& shape) {
    if (!is_needed) return {};
    return {true, scratch_.add(float_bytes(shape.elements())), shape.elements()};
  }

  // The inner kernel's bindings, with src and weights widened.
  Bindings widened(const Bindings& bindings) {
    Bindings inner = bindings;
    for (std::size_t i = 0; i < bindings.src.size(); ++i)
      src_pointers_[i] = src_[i].widened(bindings.src[i], bindings.scratch);
    for (std::size_t i = 0; i < std::min(weights_.size(), bindings.weights.size()); ++i)
      weight_pointers_[i] = weights_[i].widened(bindings.weights[i], bindings.scratch);
    inner.src = std::span(src_pointers_).first(bindings.src.size());
    if (!weights_.empty()) inner.weights = std::span(weight_pointers_).first(bindings.weights.size());
    inner.scratch = bindings.scratch + inner_scratch_;
    return inner;
  }

  KernelPointer kernel_;
  ScratchLayout scratch_;
  std::size_t inner_scratch_;
  std::vector<Copy> src_, weights_;

 private:
  std::vector<const std::byte*> src_pointers_, weight_pointers_;
};

class WidenedForward final : public WidenedKernel {
 public:
  WidenedForward(const PrepareContext& context, KernelPointer kernel)
      : WidenedKernel(context, true, std::move(kernel)) {
    const int shared = kernel_->in_place_input();
    const bool shares = shared >= 0 && context.src[static_cast<std::size_t>(shared)].type == context.dst.type;
    if (shares) in_place_ = shared;
    // The kernel's own result in place saves its copying the residual.
    dst_ = shares ? src_[static_cast<std::size_t>(shared)] : copy_of(is_half(context.dst), context.dst.shape);
  }

  void run(const Bindings& bindings) override {
    Bindings inner = widened(bindings);
    inner.dst = dst_.place(bindings.dst, bindings.scratch);
    kernel_->run(inner);
    dst_.narrow_into(bindings.dst, bindings.scratch);
  }

  int in_place_input() const override { return in_place_; }

 private:
  Copy dst_;
  int in_place_ = -1;
};

// Both directions: diff_src is rounded, diff_weights is float32.
class WidenedBackward final : public WidenedKernel {
 public:
  WidenedBackward(const PrepareContext& context, KernelPointer kernel)
      : WidenedKernel(context, backward_needs(context.node.layer).src, std::move(kernel)) {
    const bool reads_dst = backward_needs(context.node.layer).dst;
    dst_ = copy_of(reads_dst && is_half(context.dst), context.dst.shape);
    diff_dst_ = copy_of(is_half(context.dst), context.dst.shape);
    if (context.direction != Direction::backward_data) return;
    for (const TensorDescription& src : context.src) diff_src_.push_back(copy_of(is_half(src), src.shape));
    diff_src_pointers_.resize(diff_src_.size());
  }

  void run(const Bindings& bindings) override {
    std::byte* const scratch = bindings.scratch;
    Bindings inner = widened(bindings);
    inner.dst = const_cast<std::byte*>(dst_.widened(bindings.dst, scratch));  // backward reads it
    inner.diff_dst = diff_dst_.widened(bindings.diff_dst, scratch);
    for (std::size_t i = 0; i < diff_src_.size(); ++i)
      diff_src_pointers_[i] = diff_src_[i].place(bindings.diff_src[i], scratch);
    if (!diff_src_.empty()) inner.diff_src = diff_src_pointers_;
    kernel_->run(inner);
    for (std::size_t i = 0; i < diff_src_.size(); ++i)
      diff_src_[i].narrow_into(bindings.diff_src[i], scratch);
  }

 private:
  Copy dst_, diff_dst_;
  std::vector<Copy> diff_src_;
  std::vector<std::byte*> diff_src_pointers_;
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
  std::vector<Tensor> rounded(context.weights.size());
  for (std::size_t i = 0; context.constant_weights && i < rounded.size(); ++i) {
    if (weight_type(context.node.layer, i, context.src[0].type) != DataType::bf16) continue;
    rounded[i] = *context.weights[i];
    round_to_bfloat16(rounded[i].values().data(), rounded[i].elements());
    inner.weights[i] = &rounded[i];
  }
  KernelPointer kernel = prepare(inner);
  if (kernel == nullptr) return nullptr;
  if (context.direction == Direction::forward)
    return std::make_unique<WidenedForward>(context, std::move(kernel));
  return std::make_unique<WidenedBackward>(context, std::move(kernel));
}

}  // namespace petal::cpu
