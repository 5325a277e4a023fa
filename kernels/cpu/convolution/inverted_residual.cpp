#include "kernels/cpu/convolution/inverted_residual.h"

#include <omp.h>

#include <algorithm>
#include <optional>

#include "kernels/cpu/convolution/depthwise_forward.h"
#include "kernels/cpu/convolution/gemm_convolution.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// What the expanded rows of a strip may take: they, what the depthwise makes of them and the weights share
// the second-level cache, 512 KiB and more.
constexpr std::int64_t strip_bytes = 192 << 10;
// An even width times 3 fills the product's tiles of 6 pixels.
constexpr std::int64_t unit = 3;

// The layers of a chain; where it has no first one, src is the expanded image itself.
struct ChainLayers {
  const PrepareContext* expand = nullptr;
  const PrepareContext* depthwise = nullptr;
  const PrepareContext* project = nullptr;
};

Convolution product(const PrepareContext& context) {
  return as_convolution(std::get<Conv2D>(context.node.layer), context);
}

// A convolution with its weights.
class StripProduct {
 public:
  StripProduct(const PrepareContext& context, const Device& device, ScratchLayout& scratch)
      : gemm_(*implicit_gemm(product(context), context)),
        weights_(gemm_, context.weights[0], device, scratch) {
    if (context.weights.size() > 1) bias_ = *context.weights[1];
  }

  // Pixels of dst, which is written from `dst` on.
  void run(const float* src, ImplicitGemm::Range pixels, const float* residual, float* dst,
           std::byte* scratch) const {
    run(src, pixels, {0, gemm_.panels()}, residual, dst, scratch);
  }
  // Some panels' filters alone: all that dst is of.
  void run(const float* src, ImplicitGemm::Range pixels, ImplicitGemm::Range panels, const float* residual,
           float* dst, std::byte* scratch) const {
    const ImplicitGemm::Range filters = gemm_.filters(panels);
    gemm_.run({.src = src,
               .weights = weights_.prepare(gemm_, nullptr, nullptr),
               .bias = bias_.elements() > 0 ? floats(bias_.bytes()) : nullptr,
               .residual = residual,
               .dst = dst,
               .dst_first = pixels.begin,
               .dst_filter = filters.begin,
               .dst_step = filters.end - filters.begin},
              pixels, panels, scratch);
  }
  const ImplicitGemm& gemm() const { return gemm_; }
  std::size_t scratch_bytes() const { return gemm_.scratch_bytes(); }

 private:
  ImplicitGemm gemm_;
  GemmWeights weights_;
  Tensor bias_;
};

class InvertedResidual final : public Kernel {
 public:
  InvertedResidual(const ChainLayers& chain, const Device& device)
      : threads_(device.threads),
        has_expand_(chain.expand != nullptr),
        depthwise_(as_convolution(std::get<DepthwiseConv2D>(chain.depthwise->node.layer), *chain.depthwise)),
        src_(has_expand_ ? chain.expand->src[0].shape : chain.depthwise->src[0].shape),
        expanded_(chain.depthwise->src[0].shape),
        reduced_(chain.depthwise->dst.shape),
        dst_(chain.project->dst.shape),
        parts_(dst_[0] < threads_ ? std::min<std::int64_t>(threads_, dst_[1]) : 1),
        residual_(chain.project->node.fused_residual),
        uses_up_rows_(has_expand_ && product(*chain.expand).window.kernel == Size2D{1, 1}),
        strip_rows_(chosen_strip_rows()),
        project_(*chain.project, device, scratch_),
        depthwise_kernel_(*chain.depthwise->weights[0]),
        rows_(depthwise_rows(depthwise_, *chain.depthwise)) {
    if (depthwise_.use_bias) depthwise_bias_ = *chain.depthwise->weights[1];
    if (has_expand_) expand_.emplace(*chain.expand, device, scratch_);
    // The rows that the strip before has left, two at most, and this one's; whole units, so that a strip that
    // goes on at the first slot is cut between units.
    held_rows_ = std::min(expanded_[1], (2 + strip_rows_ + unit - 1) / unit * unit);
    std::int64_t most_rows = 0;  // of a strip of dst
    for (std::int64_t part = 0; part < parts_; ++part)
      for_strips(first_row(part), first_row(part + 1),
                 [&](const Strip& strip) { most_rows = std::max(most_rows, strip.y_end - strip.y); });
    if (has_expand_)
      expanded_offset_ = scratch_.add(static_cast<std::size_t>(held_rows_ * expanded_row()) * sizeof(float));
    reduced_offset_ = scratch_.add(static_cast<std::size_t>(most_rows * reduced_row()) * sizeof(float));
    product_offset_ =
        scratch_.add(std::max(project_.scratch_bytes(), expand_ ? expand_->scratch_bytes() : 0));
  }

  void run(const Bindings& bindings) override {
    const std::int64_t count = dst_[0] * parts_;
#pragma omp parallel for num_threads(threads_) schedule(static) if (threads_ > 1)
    for (std::int64_t i = 0; i < count; ++i) {
      Bindings of_thread = bindings;
      of_thread.scratch += scratch_.bytes() * static_cast<std::size_t>(omp_get_thread_num());
      run_rows(of_thread, i / parts_, first_row(i % parts_), first_row(i % parts_ + 1));
    }
  }

  std::size_t scratch_bytes() const override {
    return scratch_.bytes() * static_cast<std::size_t>(threads_);
  }
  std::string implementation() const override {
    return "strips of " + std::to_string(strip_rows_) + ": " + vectors_name();
  }
  // Where the first layer is a 1x1, a strip's rows of src are used up before the strip is written, so the
  // block's own input may be what it writes over; under a larger window the next strip needs rows again, and
  // of an image in parts the other thread.
  int in_place_input() const override {
    return residual_ && uses_up_rows_ && parts_ == 1 ? 1 : -1;
  }

 private:
  // Rows [y, y_end) of dst, for which rows [fresh, end) of the expanded image are computed: those before are
  // there, from `origin`, the first that is needed at all.
  struct Strip {
    std::int64_t y, y_end, origin, fresh, end;
  };

  // Of dst, in this part of an image.
  std::int64_t first_row(std::int64_t part) const {
    return dst_[1] * part / parts_;
  }
  std::int64_t expanded_row() const {
    return expanded_[2] * expanded_[3];
  }
  std::int64_t reduced_row() const {
    return reduced_[2] * reduced_[3];
  }

  std::int64_t chosen_strip_rows() const {
    const std::int64_t rows = strip_bytes / (expanded_row() * static_cast<std::int64_t>(sizeof(float)));
    return std::max<std::int64_t>(1, (rows - 2) / unit) * unit;
  }

  // The strips of rows [y, last) of dst: as many rows of it as the next strip_rows_ expanded ones complete.
  template <class F>
  void for_strips(std::int64_t y, std::int64_t last, const F& f) const {
    const Window& window = depthwise_.window;
    const std::int64_t stride = window.strides.height, top = window.padding.top;
    const std::int64_t origin = std::clamp<std::int64_t>(y * stride - top, 0, expanded_[1]);
    const std::int64_t all = std::clamp<std::int64_t>((last - 1) * stride - top + 3, origin, expanded_[1]);
    for (std::int64_t fresh = origin; y < last;) {
      const std::int64_t end = std::min(all, fresh + strip_rows_);
      const std::int64_t complete = end + top < 3 ? 0 : (end + top - 3) / stride + 1;
      const std::int64_t y_end = end == all ? last : std::clamp(complete, y, last);
      f(Strip{y, y_end, origin, fresh, end});
      fresh = end;
      y = y_end;
    }
  }

  // Rows [y, last) of an image of dst.
  void run_rows(const Bindings& bindings, std::int64_t image, std::int64_t y, std::int64_t last) const {
    const float* src = floats(bindings.src[0]) + image * src_[1] * src_[2] * src_[3];
    const std::int64_t dst_row = dst_[2] * dst_[3];
    float* dst = floats(bindings.dst) + image * dst_[1] * dst_row;
    float* reduced = floats(bindings.scratch + reduced_offset_);
    for_strips(y, last, [&](const Strip& strip) {
      if (has_expand_) {
        // A panel's channels at a time: from the product on they stay in the first cache.
        for (std::int64_t panel = 0; panel < expand_->gemm().panels(); ++panel)
          reduce(expand(bindings, src, strip, panel), strip, panel, reduced);
      } else {
        reduce_image(src, strip, reduced);
      }
      float* to = dst + strip.y * dst_row;
      const float* residual = residual_ ? floats(bindings.src[1]) + (to - floats(bindings.dst)) : nullptr;
      project_.run(reduced, {0, (strip.y_end - strip.y) * dst_[2]}, residual, to,
                   bindings.scratch + product_offset_);
    });
  }

  // A panel's channels of the expanded rows of a strip, row y at (y - origin) % held_rows_: those that the
  // strip before has left stay.
  const float* expand(const Bindings& bindings, const float* src, const Strip& strip,
                      std::int64_t panel) const {
    const ImplicitGemm::Range channels = expand_->gemm().filters({panel, panel + 1});
    const std::int64_t row_elements = expanded_[2] * (channels.end - channels.begin);
    float* expanded =
        floats(bindings.scratch + expanded_offset_) + channels.begin * expanded_[2] * held_rows_;
    for (std::int64_t row = strip.fresh; row < strip.end;) {
      const std::int64_t slot = (row - strip.origin) % held_rows_;
      const std::int64_t end = std::min(strip.end, row + held_rows_ - slot);
      expand_->run(src, {row * expanded_[2], end * expanded_[2]}, {panel, panel + 1}, nullptr,
                   expanded + slot * row_elements, bindings.scratch + product_offset_);
      row = end;
    }
    return expanded;
  }

  // A panel's channels of what the depthwise makes of a strip.
  void reduce(const float* expanded, const Strip& strip, std::int64_t panel, float* dst) const {
    const ImplicitGemm::Range channels = expand_->gemm().filters({panel, panel + 1});
    DepthwiseRows rows = strip_rows(strip, channels.begin, dst);
    rows.src = expanded;
    rows.src_first = strip.origin;
    rows.src_held = held_rows_;
    rows.channels = rows.src_step = channels.end - channels.begin;
    run_depthwise_rows(rows);
  }
  void reduce_image(const float* src, const Strip& strip, float* dst) const {
    DepthwiseRows rows = strip_rows(strip, 0, dst);
    rows.src = src;
    run_depthwise_rows(rows);
  }
  DepthwiseRows strip_rows(const Strip& strip, std::int64_t channel, float* dst) const {
    DepthwiseRows rows = rows_;
    rows.weights = floats(depthwise_kernel_.bytes()) + channel;
    rows.bias = depthwise_bias_.elements() > 0 ? floats(depthwise_bias_.bytes()) + channel : nullptr;
    rows.dst = dst + channel;
    rows.begin = strip.y;
    rows.end = strip.y_end;
    return rows;
  }

  ScratchLayout scratch_;
  int threads_;
  bool has_expand_;
  Convolution depthwise_;
  Shape src_, expanded_, reduced_, dst_;
  std::int64_t parts_;  // of an image, each a thread's
  bool residual_, uses_up_rows_;
  std::int64_t strip_rows_;
  std::int64_t held_rows_ = 0;  // of the expanded image
  StripProduct project_;
  std::optional<StripProduct> expand_;
  Tensor depthwise_kernel_, depthwise_bias_;
  DepthwiseRows rows_;
  std::size_t expanded_offset_ = 0, reduced_offset_ = 0, product_offset_ = 0;
};

// A 1x1 convolution that keeps the rows.
bool is_projection(const PrepareContext& context) {
  const auto* layer = std::get_if<Conv2D>(&context.node.layer);
  if (!layer) return false;
  const Shape &src = context.src[0].shape, &dst = context.dst.shape;
  return layer->kernel == Size2D{1, 1} && layer->strides == Size2D{1, 1} && layer->groups == 1 &&
         src[1] == dst[1] && src[2] == dst[2];
}

bool is_expansion(const PrepareContext& context) {
  return std::holds_alternative<Conv2D>(context.node.layer) && !context.node.fused_residual;
}

bool is_fast(const PrepareContext& context) {
  return implicit_gemm(product(context), context).has_value();
}

// Whether what stays in cache, written and read, is more than the weights that come anew for each image.
bool pays(std::span<const PrepareContext> chain) {
  std::int64_t weights = 0, between = 0;
  for (const PrepareContext& context : chain) {
    for (const Tensor* tensor : context.weights) weights += tensor->elements();
    if (&context != &chain.back()) between += context.dst.shape.elements() / context.dst.shape[0];
  }
  return 2 * between > weights;
}

}  // namespace

KernelPointer prepare_inverted_residual(std::span<const PrepareContext> chain, const Device& device) {
  if (chain.size() < 2 || chain.size() > 3) return nullptr;
  if (!std::ranges::all_of(chain, &PrepareContext::constant_weights)) return nullptr;
  const ChainLayers layers{.expand = chain.size() == 3 ? chain.data() : nullptr,
                           .depthwise = &chain[chain.size() - 2],
                           .project = &chain.back()};
  const auto* layer = std::get_if<DepthwiseConv2D>(&layers.depthwise->node.layer);
  if (!layer || !is_projection(*layers.project)) return nullptr;
  if (layers.expand && !is_expansion(*layers.expand)) return nullptr;
  if (!is_fast(*layers.project) || (layers.expand && !is_fast(*layers.expand))) return nullptr;
  if (!fits_depthwise_rows(as_convolution(*layer, *layers.depthwise), *layers.depthwise)) return nullptr;
  if (!pays(chain)) return nullptr;
  return std::make_unique<InvertedResidual>(layers, device);
}

}  // namespace petal::cpu
