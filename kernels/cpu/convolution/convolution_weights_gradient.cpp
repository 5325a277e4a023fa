#include "kernels/cpu/convolution/convolution_weights_gradient.h"

#include <algorithm>
#include <array>

#include "kernels/cpu/activation/activation_gradient.h"
#include "kernels/cpu/convolution/outer_products.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// Vectors of filters of one panel.
constexpr std::int64_t panel_vectors = 4;

// diff_kernel(ky, kx, c, f) = sum over n, y, x of src(n, y * stride + ky - top, x * stride + kx - left, c) *
// gradient(n, y, x, f). For one ky the (kx, c) that a pixel of dst meets lie side by side in a row of src, so
// this is a sum of outer products of contiguous pieces: kw * C elements of src with the filters' gradients.
// Nothing is laid out anew but a block's gradients, and rows of src where they need padding.
struct Geometry {
  Window window;
  std::int64_t batch, channels, filters;
  bool use_bias;
  ActivationFunction activation;

  bool is_wide() const { return has_avx512() && filters % lanes_of<WideFloats> == 0; }
  std::int64_t vector() const { return is_wide() ? lanes_of<WideFloats> : lanes; }
  std::int64_t panel() const { return panel_vectors * vector(); }       // in filters
  std::int64_t taps() const { return window.kernel.width * channels; }  // of one row of the kernel
  std::int64_t kernel_elements() const { return window.kernel.height * taps() * filters; }
  std::int64_t padded_width() const {
    return window.input.width + window.padding.left + window.padding.right;
  }
  bool pads_columns() const { return window.padding.left > 0 || window.padding.right > 0; }
};

constexpr std::int64_t most_rows = 16;

// The arrays of one part of the sum.
struct Workplace {
  float* gradients;  // a block's, of one panel
  float* padded;     // a block's rows of src
  float* diff_bias;  // sums so far
  float* diff_kernel;
};

// Some rows of dst of one sample, and what they meet.
struct Block {
  const float* src;             // the sample's image
  const float *dst, *diff_dst;  // the rows; dst is read where there is an activation
  std::int64_t first_row, rows;
};

class BlockSum {
 public:
  BlockSum(const Geometry& geometry, const Block& block, const Workplace& place)
      : geometry_(geometry), block_(block), place_(place) {}

  void add() {
    if (geometry_.pads_columns()) pad_rows();
    for (std::int64_t first = 0; first < geometry_.filters; first += geometry_.panel()) {
      const std::int64_t filters = std::min(geometry_.panel(), geometry_.filters - first);
      add_panel(first, filters, lay_out_gradients(first, filters));
    }
  }

 private:
  // Rows of src with zeros at their ends.
  void pad_rows() const {
    const Window& w = geometry_.window;
    const std::int64_t top = block_.first_row * w.strides.height - w.padding.top;
    const std::int64_t rows =
        (block_.rows - 1) * w.strides.height + (w.kernel.height - 1) * w.dilation.height + 1;
    const std::int64_t length = w.input.width * geometry_.channels;
    float* to = place_.padded;
    for (std::int64_t row = top; row < top + rows; ++row) {
      if (row >= 0 && row < w.input.height) {
        std::fill_n(to, w.padding.left * geometry_.channels, 0.0f);
        std::copy_n(block_.src + row * length, length, to + w.padding.left * geometry_.channels);
        std::fill_n(to + w.padding.left * geometry_.channels + length, w.padding.right * geometry_.channels,
                    0.0f);
      }
      to += geometry_.padded_width() * geometry_.channels;
    }
  }

  // Where a row of the kernel begins in src for a row of the block; null in the padding.
  const float* row_of(std::int64_t ky, std::int64_t r) const {
    const Window& w = geometry_.window;
    const std::int64_t below = r * w.strides.height + ky * w.dilation.height;
    const std::int64_t row = block_.first_row * w.strides.height - w.padding.top + below;
    if (row < 0 || row >= w.input.height) return nullptr;
    if (geometry_.pads_columns())
      return place_.padded + below * geometry_.padded_width() * geometry_.channels;
    return block_.src + row * w.input.width * geometry_.channels;
  }

  // The block's gradients before the activation, pixel by pixel without gaps, and the bias's sums. Gives
  // where they lie: in diff_dst itself, if that is how it lies.
  const float* lay_out_gradients(std::int64_t first, std::int64_t filters) const {
    const float* laid_out = nullptr;
    with_activation(geometry_.activation, [&](auto activation) {
      laid_out = lay_out_gradients<decltype(activation)::value>(first, filters);
    });
    return laid_out;
  }

  template <ActivationFunction activation>
  const float* lay_out_gradients(std::int64_t first, std::int64_t filters) const {
    const bool in_place = activation == ActivationFunction::linear && filters == geometry_.filters;
    if (in_place && !place_.diff_bias) return block_.diff_dst;
    const std::int64_t pixels = block_.rows * geometry_.window.output.width, step = geometry_.filters;
    run_in_vectors([&]() PETAL_LOOP {
      for_channels(filters, [&](auto vectors, std::int64_t f, std::int64_t) PETAL_LOOP {
        const float *diff_dst = block_.diff_dst + first + f, *y = block_.dst + first + f;
        float* to = in_place ? nullptr : place_.gradients + f;
        Floats sums[vectors()];
        for (int v = 0; v < vectors(); ++v) sums[v] = Floats{};
        for (std::int64_t i = 0; i < pixels; ++i) {
          for (int v = 0; v < vectors(); ++v) {
            Floats gradient;
            load(diff_dst + i * step + v * lanes, lanes, gradient);
            if constexpr (activation != ActivationFunction::linear) {
              Floats value;
              load(y + i * step + v * lanes, lanes, value);
              differentiate<activation>(value, gradient);
            }
            if (to) store(gradient, lanes, to + i * filters + v * lanes);
            sums[v] += gradient;
          }
        }
        if (place_.diff_bias) add_to_bias<vectors()>(sums, first + f);
      });
    });
    return in_place ? block_.diff_dst : place_.gradients;
  }

  template <int vectors>
  PETAL_INLINE void add_to_bias(const Floats (&sums)[vectors], std::int64_t filter) const {
    for (int v = 0; v < vectors; ++v) {
      Floats sum;
      load(place_.diff_bias + filter + v * lanes, lanes, sum);
      sum += sums[v];
      store(sum, lanes, place_.diff_bias + filter + v * lanes);
    }
  }

  void add_panel(std::int64_t first, std::int64_t filters, const float* gradients) {
    const int taps = static_cast<int>(geometry_.taps());
    const int vectors = static_cast<int>(filters / geometry_.vector());
    const int most = most_elements(vectors, geometry_.is_wide());
    const int calls = (taps + most - 1) / most;  // for a row of the kernel
    OuterProducts products{.a = rows_.data(),
                           .runs = block_.rows,
                           .places = geometry_.window.output.width,
                           .a_step = geometry_.window.strides.width * geometry_.channels,
                           .b = gradients,
                           .b_step = filters,
                           .to = nullptr,
                           .to_step = geometry_.filters};
    for (std::int64_t ky = 0; ky < geometry_.window.kernel.height; ++ky) {
      for (std::int64_t r = 0; r < block_.rows; ++r) rows_[static_cast<std::size_t>(r)] = row_of(ky, r);
      products.to = place_.diff_kernel + ky * taps * geometry_.filters + first;
      for (int call = 0; call < calls; ++call) {
        const int elements = taps * (call + 1) / calls - taps * call / calls;
        outer_product_function(elements, vectors, geometry_.is_wide())(products);
        products.to += elements * geometry_.filters;
        for (const float*& row : rows_) {
          if (row) row += elements;
        }
      }
    }
  }

  const Geometry& geometry_;
  Block block_;
  const Workplace& place_;
  std::array<const float*, most_rows> rows_{};  // where the next taps begin in src; null in the padding
};

class WeightsGradient final : public Kernel {
 public:
  WeightsGradient(const Geometry& geometry, int threads) : geometry_(geometry) {
    const Size2D output = geometry.window.output;
    // A block's gradients are to stay in the first cache, and the sums to be worth their loading and storing.
    block_rows_ = std::clamp<std::int64_t>(64 / output.width, 1, std::min(most_rows, output.height));
    blocks_ = (output.height + block_rows_ - 1) / block_rows_;
    parts_ = static_cast<int>(std::min<std::int64_t>(threads, geometry.batch * blocks_));
    const Window& w = geometry.window;
    const std::int64_t padded_rows =
        (block_rows_ - 1) * w.strides.height + (w.kernel.height - 1) * w.dilation.height + 1;
    const auto floats_of = [](std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(float); };
    gradients_ = each_.add(floats_of(block_rows_ * output.width * geometry.panel()));
    padded_ = each_.add(
        floats_of(geometry.pads_columns() ? padded_rows * geometry.padded_width() * geometry.channels : 0));
    diff_bias_ = each_.add(floats_of(geometry.filters));
    diff_kernel_ = each_.add(floats_of(parts_ > 1 ? geometry.kernel_elements() : 0));
  }

  void run(const Bindings& bindings) override {
#pragma omp parallel for schedule(static, 1) if (parts_ > 1)
    for (int part = 0; part < parts_; ++part) add_part(bindings, part);
    gather(bindings);
  }

  std::size_t scratch_bytes() const override {
    return each_.bytes() * static_cast<std::size_t>(parts_);
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  void add_part(const Bindings& bindings, int part) const {
    const Workplace place = workplace(bindings, part);
    std::fill_n(place.diff_kernel, geometry_.kernel_elements(), 0.0f);
    if (place.diff_bias) std::fill_n(place.diff_bias, geometry_.filters, 0.0f);
    const std::int64_t all = geometry_.batch * blocks_;
    for (std::int64_t i = all * part / parts_; i < all * (part + 1) / parts_; ++i) {
      BlockSum(geometry_, block_at(bindings, i), place).add();
    }
  }

  // The first part sums in the result itself.
  Workplace workplace(const Bindings& bindings, int part) const {
    std::byte* own = bindings.scratch + each_.bytes() * static_cast<std::size_t>(part);
    Workplace place{floats(own + gradients_), floats(own + padded_), nullptr, nullptr};
    const bool first = part == 0;
    place.diff_kernel = first ? floats(bindings.diff_weights[0]) : floats(own + diff_kernel_);
    if (geometry_.use_bias) {
      place.diff_bias = first ? floats(bindings.diff_weights[1]) : floats(own + diff_bias_);
    }
    return place;
  }

  Block block_at(const Bindings& bindings, std::int64_t i) const {
    const Size2D input = geometry_.window.input, output = geometry_.window.output;
    const std::int64_t n = i / blocks_, row = i % blocks_ * block_rows_;
    const std::int64_t at = (n * output.height + row) * output.width * geometry_.filters;
    const bool linear = geometry_.activation == ActivationFunction::linear;
    return {floats(bindings.src[0]) + n * input.height * input.width * geometry_.channels,
            (linear ? floats(bindings.diff_dst) : floats(bindings.dst)) + at, floats(bindings.diff_dst) + at,
            row, std::min(block_rows_, output.height - row)};
  }

  // In the order of the parts, so that equal counts of threads give equal bits.
  void gather(const Bindings& bindings) const {
    const Workplace result = workplace(bindings, 0);
    for (int p = 1; p < parts_; ++p) {
      const Workplace part = workplace(bindings, p);
      const std::int64_t elements = geometry_.kernel_elements();
#pragma omp parallel for simd schedule(static) if (elements >= worth_threads)
      for (std::int64_t k = 0; k < elements; ++k) result.diff_kernel[k] += part.diff_kernel[k];
      if (!result.diff_bias) continue;
      for (std::int64_t f = 0; f < geometry_.filters; ++f) result.diff_bias[f] += part.diff_bias[f];
    }
  }

  Geometry geometry_;
  std::int64_t block_rows_, blocks_;
  int parts_;           // of the blocks, one a thread
  ScratchLayout each_;  // of a part
  std::size_t gradients_, padded_, diff_bias_, diff_kernel_;
};

}  // namespace

KernelPointer prepare_weights_gradient(const Convolution& convolution, const Device& device,
                                       const PrepareContext& context) {
  const std::int64_t channels = context.src[0].shape.back(), filters = context.dst.shape.back();
  const Window& window = convolution.window;
  // For a single pixel oneDNN's code is faster than this: of few channels, and in AVX-512.
  const bool pixel = window.kernel.height * window.kernel.width == 1;
  const bool faster = has_avx2() && (!pixel || (channels >= 64 && !has_avx512()));
  const bool fits = convolution.groups == 1 && window.dilation.width == 1 && filters % lanes == 0;
  if (!faster || !fits) return nullptr;
  const Geometry geometry{window,  context.src[0].shape[0], channels,
                          filters, convolution.use_bias,    convolution.activation};
  return std::make_unique<WeightsGradient>(geometry, device.threads);
}

}  // namespace petal::cpu
