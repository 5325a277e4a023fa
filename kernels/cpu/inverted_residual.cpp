#include "kernels/cpu/inverted_residual.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/depthwise_forward.h"
#include "kernels/cpu/packed_weights.h"

namespace petal::cpu {
namespace {

// What the expanded rows of a strip may take: they, what the depthwise makes of them and the weights share
// the second-level cache, 512 KiB and more.
constexpr std::int64_t strip_bytes = 192 << 10;

// Rows [first, end) of a convolution's dst, and what they read: rows [src_first, src_end) of src, with rows
// of padding where the window leaves the image.
struct Rows {
  std::int64_t first, end, src_first, src_end, above, below;

  Rows(const Window& window, std::int64_t given_first, std::int64_t given_end)
      : first(given_first), end(given_end) {
    const std::int64_t top = first * window.strides.height - window.padding.top;
    const std::int64_t bottom = (end - 1) * window.strides.height - window.padding.top + window.kernel.height;
    above = std::max<std::int64_t>(0, -top);
    below = std::max<std::int64_t>(0, bottom - window.input.height);
    src_first = top + above;
    src_end = bottom - below;
  }
  // What a primitive is made for.
  using Key = std::array<std::int64_t, 3>;
  Key key() const { return {end - first, above, below}; }
};

// A convolution over some rows of an image.
class RowsProduct {
 public:
  RowsProduct(const Convolution& whole, const Device& device, const PrepareContext& context, const Rows& rows,
              ScratchLayout& scratch) {
    Convolution convolution = whole;
    convolution.window.padding.top = rows.above;
    convolution.window.padding.bottom = rows.below;
    const KernelDescriptors kernel = kernel_descriptors(convolution, context);
    const Descriptor bias = convolution.use_bias ? vector(context.dst.shape.back()) : Descriptor();
    const auto of_rows = [](const Shape& shape, std::int64_t count) {
      return image({1, count, shape[2], shape[3]});
    };
    const dnnl::post_ops operations = epilogue(context.node.fused_residual, convolution.activation);
    const std::string name = where(context.node);
    const auto descriptor = PETAL_ONEDNN(
        name, convolution_forward(device.engine, of_rows(context.src[0].shape, rows.src_end - rows.src_first),
                                  kernel.wanted, bias, of_rows(context.dst.shape, rows.end - rows.first),
                                  window_dims(convolution.window), attributes(operations)));
    Step::Arguments arguments = {{DNNL_ARG_SRC, descriptor.src_desc()},
                                 {DNNL_ARG_WEIGHTS, descriptor.weights_desc()},
                                 {DNNL_ARG_DST, descriptor.dst_desc()}};
    if (convolution.use_bias) arguments.emplace_back(DNNL_ARG_BIAS, bias);
    step_ = Step(device, name, descriptor, arguments, scratch);
    kernel_ =
        PackedWeights(device, name, kernel.given, descriptor.weights_desc(), context.weights[0], scratch);
    if (convolution.use_bias) bias_ = PackedWeights(device, name, bias, bias, context.weights[1], scratch);
    step_.bind(DNNL_ARG_WEIGHTS, kernel_.prepare(nullptr, nullptr));
    if (convolution.use_bias) step_.bind(DNNL_ARG_BIAS, bias_.prepare(nullptr, nullptr));
  }

  void run(const float* src, float* dst, std::byte* scratch) {
    step_.bind(DNNL_ARG_SRC, src);
    step_.bind(DNNL_ARG_DST, dst);
    step_.run(scratch);
  }
  const std::string& implementation() const { return step_.implementation(); }

 private:
  Step step_;
  PackedWeights kernel_, bias_;
};

// The layers of a chain; where it has no first one, src is the expanded image itself.
struct ChainLayers {
  const PrepareContext* expand = nullptr;
  const PrepareContext* depthwise = nullptr;
  const PrepareContext* project = nullptr;
};

Convolution product(const PrepareContext& context) {
  const auto& layer = std::get<Conv2D>(context.node.layer);
  const Shape& src = context.src[0].shape;
  return {resolve_window(where(context.node), {src[1], src[2]}, layer.kernel, layer.strides, layer.dilation,
                         layer.padding),
          layer.groups, layer.use_bias, layer.activation};
}

class InvertedResidual final : public Kernel {
 public:
  InvertedResidual(const ChainLayers& chain, const Device& device)
      : device_(device),
        has_expand_(chain.expand != nullptr),
        depthwise_(as_convolution(std::get<DepthwiseConv2D>(chain.depthwise->node.layer), *chain.depthwise)),
        src_(has_expand_ ? chain.expand->src[0].shape : chain.depthwise->src[0].shape),
        expanded_(chain.depthwise->src[0].shape),
        reduced_(chain.depthwise->dst.shape),
        dst_(chain.project->dst.shape),
        residual_(chain.project->node.fused_residual),
        strip_rows_(chosen_strip_rows()),
        depthwise_kernel_(*chain.depthwise->weights[0]),
        row_(depthwise_row(depthwise_, *chain.depthwise)) {
    if (depthwise_.use_bias) depthwise_bias_ = *chain.depthwise->weights[1];
    prepare_strips(chain);
  }

  void run(const Bindings& bindings) override {
    for (std::int64_t image = 0; image < dst_[0]; ++image) run_image(bindings, image);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override {
    return "strips of " + std::to_string(strip_rows_) + ": " + project_.begin()->second.implementation();
  }
  // A strip's rows of src are used up before the strip is written, so the block's own input may be what it
  // writes over; but not where the depthwise reads src itself, of which the next strip needs rows again.
  int in_place_input() const override { return residual_ && has_expand_ ? 1 : -1; }

 private:
  // Rows [y, y_end) of dst; they need rows [begin, end) of the expanded image, of which those from `fresh`
  // on are not there yet.
  struct Strip {
    std::int64_t y, y_end, begin, fresh, end;
  };
  using Products = std::map<Rows::Key, RowsProduct>;

  std::int64_t expanded_row() const { return expanded_[2] * expanded_[3]; }
  std::int64_t reduced_row() const { return reduced_[2] * reduced_[3]; }

  std::int64_t chosen_strip_rows() const {
    const std::int64_t stride = depthwise_.window.strides.height;
    const std::int64_t rows = strip_bytes / (expanded_row() * static_cast<std::int64_t>(sizeof(float)));
    return std::clamp<std::int64_t>((rows - 3) / stride + 1, 1, dst_[1]);
  }

  template <class F>
  void for_strips(const F& f) const {
    const Window& window = depthwise_.window;
    const std::int64_t stride = window.strides.height;
    std::int64_t have = 0;  // rows of the expanded image that were computed
    for (std::int64_t y = 0; y < dst_[1]; y += strip_rows_) {
      const std::int64_t y_end = std::min(dst_[1], y + strip_rows_);
      const std::int64_t begin = std::clamp<std::int64_t>(y * stride - window.padding.top, 0, expanded_[1]);
      const std::int64_t end =
          std::clamp<std::int64_t>((y_end - 1) * stride - window.padding.top + 3, begin, expanded_[1]);
      const std::int64_t fresh = std::clamp(have, begin, end);
      f(Strip{y, y_end, begin, fresh, end});
      have = std::max(have, end);
    }
  }

  // A primitive for every number of rows that a strip of this image takes.
  void prepare_strips(const ChainLayers& chain) {
    const Convolution project = product(*chain.project);
    const Convolution expand = has_expand_ ? product(*chain.expand) : Convolution{};
    project_window_ = project.window;
    expand_window_ = expand.window;
    std::int64_t most_rows = 0;
    for_strips([&](const Strip& strip) {
      add(project_, project, *chain.project, Rows(project_window_, strip.y, strip.y_end));
      if (!has_expand_) return;
      most_rows = std::max(most_rows, strip.end - strip.begin);
      if (strip.end > strip.fresh)
        add(expand_, expand, *chain.expand, Rows(expand_window_, strip.fresh, strip.end));
    });
    expanded_offset_ = scratch_.add(static_cast<std::size_t>(most_rows * expanded_row()) * sizeof(float));
    reduced_offset_ = scratch_.add(static_cast<std::size_t>(strip_rows_ * reduced_row()) * sizeof(float));
  }

  void add(Products& products, const Convolution& convolution, const PrepareContext& context,
           const Rows& rows) {
    if (!products.contains(rows.key()))
      products.emplace(rows.key(), RowsProduct(convolution, device_, context, rows, scratch_));
  }

  void run_image(const Bindings& bindings, std::int64_t image) {
    const float* src = floats(bindings.src[0]) + image * src_[1] * src_[2] * src_[3];
    const std::int64_t dst_row = dst_[2] * dst_[3];
    float* dst = floats(bindings.dst) + image * dst_[1] * dst_row;
    float* reduced = floats(bindings.scratch + reduced_offset_);
    std::int64_t first = 0;  // the row that stands first among the expanded ones
    for_strips([&](const Strip& strip) {
      const float* expanded = has_expand_ ? expand(bindings, src, strip, first) : src;
      for (std::int64_t y = strip.y; y < strip.y_end; ++y)
        reduce_row(expanded, first, y, reduced + (y - strip.y) * reduced_row());
      float* to = dst + strip.y * dst_row;
      const auto* residual = residual_ ? floats(bindings.src[1]) + (to - floats(bindings.dst)) : nullptr;
      if (residual && residual != to)
        std::memcpy(to, residual,
                    static_cast<std::size_t>((strip.y_end - strip.y) * dst_row) * sizeof(float));
      project_.at(Rows(project_window_, strip.y, strip.y_end).key()).run(reduced, to, bindings.scratch);
    });
  }

  // The expanded rows of a strip; those that the strip before has left and this one needs again move to the
  // front.
  const float* expand(const Bindings& bindings, const float* src, const Strip& strip, std::int64_t& first) {
    float* expanded = floats(bindings.scratch + expanded_offset_);
    if (strip.fresh > strip.begin)
      std::memmove(expanded, expanded + (strip.begin - first) * expanded_row(),
                   static_cast<std::size_t>((strip.fresh - strip.begin) * expanded_row()) * sizeof(float));
    first = strip.begin;
    if (strip.end > strip.fresh) {
      const Rows rows(expand_window_, strip.fresh, strip.end);
      expand_.at(rows.key())
          .run(src + rows.src_first * src_[2] * src_[3], expanded + (strip.fresh - first) * expanded_row(),
               bindings.scratch);
    }
    return expanded;
  }

  // Row y of what the depthwise gives, from the expanded rows from `first` on.
  void reduce_row(const float* expanded, std::int64_t first, std::int64_t y, float* to) const {
    DepthwiseRow row = row_;
    row.dst = to;
    row.bias = depthwise_bias_.elements() > 0 ? floats(depthwise_bias_.bytes()) : nullptr;
    set_window(row, expanded, first, y, floats(depthwise_kernel_.bytes()), depthwise_.window);
    run_depthwise_row(row);
  }

  const Device& device_;
  bool has_expand_;
  Convolution depthwise_;
  Window expand_window_, project_window_;
  Shape src_, expanded_, reduced_, dst_;
  bool residual_;
  std::int64_t strip_rows_;
  Tensor depthwise_kernel_, depthwise_bias_;
  DepthwiseRow row_;
  Products expand_, project_;
  ScratchLayout scratch_;
  std::size_t expanded_offset_ = 0, reduced_offset_ = 0;
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
  const auto* layer = std::get_if<Conv2D>(&context.node.layer);
  if (!layer || layer->groups != 1 || layer->dilation != Size2D{1, 1} || context.node.fused_residual)
    return false;
  // Every row must read one of the image.
  const Window window = product(context).window;
  return window.padding.top < window.kernel.height && window.padding.bottom < window.kernel.height;
}

// Whether what stays in cache is more than the weights that come anew for each image.
bool pays(std::span<const PrepareContext> chain) {
  std::int64_t weights = 0, between = 0;
  for (const PrepareContext& context : chain) {
    for (const Tensor* tensor : context.weights) weights += tensor->elements();
    if (&context != &chain.back()) between += context.dst.shape.elements() / context.dst.shape[0];
  }
  return between > 2 * weights;
}

}  // namespace

KernelPointer prepare_inverted_residual(std::span<const PrepareContext> chain, const Device& device) {
  if (chain.size() < 2 || chain.size() > 3 || device.threads != 1) return nullptr;
  const ChainLayers layers{.expand = chain.size() == 3 ? chain.data() : nullptr,
                           .depthwise = &chain[chain.size() - 2],
                           .project = &chain.back()};
  const auto* layer = std::get_if<DepthwiseConv2D>(&layers.depthwise->node.layer);
  if (!layer || !is_projection(*layers.project)) return nullptr;
  if (layers.expand && !is_expansion(*layers.expand)) return nullptr;
  if (!is_depthwise_rows(as_convolution(*layer, *layers.depthwise), *layers.depthwise)) return nullptr;
  if (!pays(chain)) return nullptr;
  return std::make_unique<InvertedResidual>(layers, device);
}

}  // namespace petal::cpu
