#include "kernels/cpu/convolution/gemm_convolution.h"

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution/winograd.h"
#include "kernels/cpu/pre_activation_gradient.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

bool is_fast_here(std::int64_t filters) {
  return has_avx2() && filters % lanes == 0;
}

bool is_winograd_faster(const Window& window, std::int64_t channels, std::int64_t filters,
                        const PrepareContext& context) {
  return Winograd::has(window, channels, filters) &&
         Winograd::pays(window, channels, filters, context.dst.shape[0], context.constant_weights);
}
std::string winograd_name() {
  return vectors_name() + "_winograd";
}

// Fewer multiplications run on one thread: waking the others costs more than the work.
constexpr std::int64_t worth_threads_products = 1 << 20;

// A product in as many parts as there are threads: of the image; of the panels where the weights are more
// than src, so that each thread reads only its own.
template <class Product>
class ProductThreads {
 public:
  ProductThreads(const Product& product, int threads, const Shape& src, const Shape& dst,
                 ScratchLayout& scratch)
      : image_parts_(dst[0] * product.parts_an_image()),
        panels_(product.panels()),
        parts_(product.packed_elements() * image_parts_ < worth_threads_products ? 1 : threads),
        by_panels_(product.packed_elements() > src.elements() && product.panels() >= threads),
        scratch_bytes_(product.scratch_bytes()),
        scratch_(scratch.add(scratch_bytes_ * static_cast<std::size_t>(parts_))) {}

  void run(const Product& product, const typename Product::Operands& operands, std::byte* scratch) const {
    const auto run_part = [&](int part) {
      typename Product::Range image_parts{0, image_parts_}, panels{0, panels_};
      typename Product::Range& divided = by_panels_ ? panels : image_parts;
      divided = {divided.end * part / parts_, divided.end * (part + 1) / parts_};
      product.run(operands, image_parts, panels,
                  scratch + scratch_ + scratch_bytes_ * static_cast<std::size_t>(part));
    };
    if (parts_ == 1) return run_part(0);
#pragma omp parallel for num_threads(parts_) schedule(static, 1)
    for (int part = 0; part < parts_; ++part) run_part(part);
  }

 private:
  std::int64_t image_parts_, panels_;
  int parts_;
  bool by_panels_;
  std::size_t scratch_bytes_, scratch_;
};

template <class Product>
class ProductConvolution final : public Kernel {
 public:
  ProductConvolution(const Product& product, std::string implementation, const Convolution& convolution,
                     const Device& device, const PrepareContext& context)
      : implementation_(std::move(implementation)),
        product_(product),
        weights_(product_, context.constant_weights ? context.weights[0] : nullptr, device, scratch_),
        threads_(product_, device.threads, context.src[0].shape, context.dst.shape, scratch_),
        residual_(context.node.fused_residual),
        use_bias_(convolution.use_bias) {
    const std::vector<int>& inputs = context.node.inputs;
    if (residual_ && inputs[0] != inputs[1]) in_place_ = 1;
    if (use_bias_ && context.constant_weights) bias_ = *context.weights[1];
  }

  void run(const Bindings& bindings) override {
    const auto bound = [&](std::size_t i) {
      return i < bindings.weights.size() ? floats(bindings.weights[i]) : nullptr;
    };
    const float* constant_bias = bias_.elements() > 0 ? floats(bias_.bytes()) : nullptr;
    const float* bias = constant_bias ? constant_bias : bound(1);
    threads_.run(product_,
                 {.src = floats(bindings.src[0]),
                  .weights = weights_.prepare(product_, bound(0), bindings.scratch),
                  .bias = use_bias_ ? bias : nullptr,
                  .residual = residual_ ? floats(bindings.src[1]) : nullptr,
                  .dst = floats(bindings.dst)},
                 bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return implementation_; }
  int in_place_input() const override { return in_place_; }

 private:
  std::string implementation_;
  ScratchLayout scratch_;
  Product product_;
  GemmWeights weights_;
  ProductThreads<Product> threads_;
  bool residual_, use_bias_;
  int in_place_ = -1;
  Tensor bias_;
};

// With strides of 1 the data's gradient is a convolution too: of diff_dst with the kernel turned by half a
// circle, channels and filters exchanged, under what is left of the padding.
template <class Product>
class ProductBackwardData final : public Kernel {
 public:
  ProductBackwardData(const Product& product, std::string implementation, const Convolution& convolution,
                      const Device& device, const PrepareContext& context)
      : implementation_(std::move(implementation)),
        gradient_(convolution.activation, device, context, scratch_),
        product_(product),
        weights_(product_, context.constant_weights ? context.weights[0] : nullptr, device, scratch_),
        threads_(product_, device.threads, context.dst.shape, context.src[0].shape, scratch_) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const float* bound = bindings.weights.empty() ? nullptr : floats(bindings.weights[0]);
    threads_.run(product_,
                 {.src = floats(gradient_.run(bindings)),
                  .weights = weights_.prepare(product_, bound, bindings.scratch),
                  .bias = nullptr,
                  .residual = nullptr,
                  .dst = floats(bindings.diff_src[0])},
                 bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return implementation_; }

 private:
  std::string implementation_;
  ScratchLayout scratch_;
  PreActivationGradient gradient_;
  Product product_;
  GemmWeights weights_;
  ProductThreads<Product> threads_;
};

KernelPointer prepare_backward_data(const Convolution& convolution, const Device& device,
                                    const PrepareContext& context) {
  const Window& w = convolution.window;
  const std::int64_t channels = context.src[0].shape.back(), filters = context.dst.shape.back();
  if (convolution.groups != 1 || w.strides != Size2D{1, 1} || !is_fast_here(channels)) return nullptr;
  const Size2D reach = {(w.kernel.height - 1) * w.dilation.height, (w.kernel.width - 1) * w.dilation.width};
  const Padding2D padding = {reach.height - w.padding.top, reach.height - w.padding.bottom,
                             reach.width - w.padding.left, reach.width - w.padding.right};
  const Window turned = {.input = w.output,
                         .output = w.input,
                         .kernel = w.kernel,
                         .strides = w.strides,
                         .dilation = w.dilation,
                         .padding = padding};
  const Cut uncut = cut_of(ActivationFunction::linear).value();
  if (is_winograd_faster(turned, filters, channels, context)) {
    const Winograd winograd(turned, filters, channels, uncut.least, uncut.most,
                            Winograd::KernelLayout::turned);
    return std::make_unique<ProductBackwardData<Winograd>>(winograd, winograd_name(), convolution, device,
                                                           context);
  }
  // From the last tap back.
  const std::int64_t tap = channels * filters, last = (w.kernel.height * w.kernel.width - 1) * tap;
  const ImplicitGemm gemm(turned, filters, channels, uncut.least, uncut.most, {last, -tap, 1, filters});
  return std::make_unique<ProductBackwardData<ImplicitGemm>>(gemm, vectors_name(), convolution, device,
                                                             context);
}

}  // namespace

std::optional<ImplicitGemm> implicit_gemm(const Convolution& convolution, const PrepareContext& context) {
  const std::optional<Cut> cut = cut_of(convolution.activation);
  const std::int64_t filters = context.dst.shape.back();
  if (!cut || convolution.groups != 1 || !is_fast_here(filters)) return std::nullopt;
  return ImplicitGemm(convolution.window, context.src[0].shape.back(), filters, cut->least, cut->most);
}

KernelPointer prepare_gemm_convolution(const Convolution& convolution, const Device& device,
                                       const PrepareContext& context) {
  if (context.direction == Direction::backward_data)
    return prepare_backward_data(convolution, device, context);
  const std::optional<ImplicitGemm> gemm = implicit_gemm(convolution, context);
  if (!gemm) return nullptr;
  const Window& window = convolution.window;
  const std::int64_t channels = context.src[0].shape.back(), filters = context.dst.shape.back();
  if (is_winograd_faster(window, channels, filters, context)) {
    const Cut cut = cut_of(convolution.activation).value();
    return std::make_unique<ProductConvolution<Winograd>>(
        Winograd(window, channels, filters, cut.least, cut.most), winograd_name(), convolution, device,
        context);
  }
  return std::make_unique<ProductConvolution<ImplicitGemm>>(*gemm, vectors_name(), convolution, device,
                                                            context);
}

}  // namespace petal::cpu
