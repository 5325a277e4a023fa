#include <algorithm>

#include "kernels/cpu/convolution/depthwise_backward.h"
#include "kernels/cpu/convolution/depthwise_products.h"
#include "kernels/cpu/convolution/gradient_rows.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// diff_kernel(ky, kx, c) = sum over n, y, x of src(n, y * stride + ky - top, x * stride + kx - left, c) *
// gradient(n, y, x, c), some channels of an image at a time, so that their sums stay in the first cache.
constexpr std::int64_t most_channels = 256;

class DepthwiseWeightsGradient final : public Kernel {
 public:
  DepthwiseWeightsGradient(const Convolution& convolution, const Device& device,
                           const PrepareContext& context)
      : window_(convolution.window),
        channels_(context.src[0].shape.back()),
        rows_(context.src[0].shape[0] * window_.output.height),
        taps_(window_.kernel.height * window_.kernel.width),
        use_bias_(convolution.use_bias),
        gradients_(convolution.activation, context.dst.shape),
        together_(window_.dilation.width == 1 ? product_taps(window_.strides.width) : 1) {
    const std::int64_t work = window_.output.width * rows_ * channels_;
    parts_ = work < worth_threads ? 1 : static_cast<int>(std::min<std::int64_t>(device.threads, rows_));
    // dst's columns whose windows lie inside src.
    const std::int64_t stride = window_.strides.width, left = window_.padding.left;
    const std::int64_t reach = (window_.kernel.width - 1) * window_.dilation.width + 1;
    inner_begin_ = std::min(window_.output.width, (left + stride - 1) / stride);
    const std::int64_t room = window_.input.width + left - reach;
    inner_end_ = std::clamp(room < 0 ? 0 : room / stride + 1, inner_begin_, window_.output.width);
    const std::size_t bytes = static_cast<std::size_t>((taps_ + 1) * channels_) * sizeof(float);
    image_sums_ = each_.add(bytes);
    all_sums_ = each_.add(bytes);
    gradient_row_ = each_.add(gradients_.bytes());
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
    return "petal:avx2";
  }

 private:
  // Of a part: the sums over an image, and over all, as (taps, then the bias) rows of channels.
  struct Workplace {
    float *image_sums, *all_sums, *gradient_row;
  };
  Workplace workplace(const Bindings& bindings, int part) const {
    std::byte* own = bindings.scratch + each_.bytes() * static_cast<std::size_t>(part);
    return {floats(own + image_sums_), floats(own + all_sums_), floats(own + gradient_row_)};
  }

  std::int64_t sums() const {
    return (taps_ + 1) * channels_;
  }

  void add_part(const Bindings& bindings, int part) const {
    const Workplace place = workplace(bindings, part);
    std::fill_n(place.all_sums, sums(), 0.0f);
    const std::int64_t last = rows_ * (part + 1) / parts_, height = window_.output.height;
    for (std::int64_t row = rows_ * part / parts_; row < last;) {
      const std::int64_t end = std::min(last, (row / height + 1) * height);
      add_image(bindings, row, end, place);
      row = end;
    }
  }

  // Rows [first, end), of one image.
  void add_image(const Bindings& bindings, std::int64_t first, std::int64_t end,
                 const Workplace& place) const {
    std::fill_n(place.image_sums, sums(), 0.0f);
    const std::int64_t groups = (channels_ + most_channels - 1) / most_channels;
    const std::int64_t size = ((channels_ + groups - 1) / groups + lanes - 1) / lanes * lanes;
    for (std::int64_t c = 0; c < channels_; c += size) {
      for (std::int64_t row = first; row < end; ++row) {
        add_row(bindings, row, c, std::min(size, channels_ - c), place);
      }
    }
    for (std::int64_t i = 0; i < sums(); ++i) place.all_sums[i] += place.image_sums[i];
  }

  void add_row(const Bindings& bindings, std::int64_t row, std::int64_t c, std::int64_t count,
               const Workplace& place) const {
    const float* gradient = gradients_.row(bindings, row, c, count, place.gradient_row) + c;
    float* to = place.image_sums + c;
    if (use_bias_) add_to_bias(gradient, count, to + taps_ * channels_);
    const std::int64_t n = row / window_.output.height, y = row % window_.output.height;
    const float* image = floats(bindings.src[0]) + n * window_.input.height * src_row() + c;
    for (std::int64_t ky = 0; ky < window_.kernel.height; ++ky) {
      const std::int64_t from =
          y * window_.strides.height + ky * window_.dilation.height - window_.padding.top;
      if (from < 0 || from >= window_.input.height) continue;
      add_kernel_row(image + from * src_row(), gradient, count, to + ky * window_.kernel.width * channels_);
    }
  }

  void add_kernel_row(const float* src, const float* gradient, std::int64_t count, float* to) const {
    for (std::int64_t x = 0; x < inner_begin_; ++x) add_edge(src, gradient, x, count, to);
    for (std::int64_t x = inner_end_; x < window_.output.width; ++x) add_edge(src, gradient, x, count, to);
    // Tiles of about equal width.
    const std::int64_t inner = inner_end_ - inner_begin_;
    const std::int64_t tiles = (inner + most_product_columns - 1) / most_product_columns;
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
      const std::int64_t x = inner_begin_ + inner * tile / tiles;
      const auto columns = static_cast<int>(inner_begin_ + inner * (tile + 1) / tiles - x);
      for (std::int64_t kx = 0; kx < window_.kernel.width;) {
        const int taps = kx + together_ <= window_.kernel.width ? together_ : 1;
        multiply(src, gradient, {x, kx, columns, taps}, count, to);
        kx += taps;
      }
    }
  }

  // A column of dst whose window may lie in the padding.
  void add_edge(const float* src, const float* gradient, std::int64_t x, std::int64_t count,
                float* to) const {
    for (std::int64_t kx = 0; kx < window_.kernel.width; ++kx) {
      const std::int64_t column = src_column(x, kx);
      if (column >= 0 && column < window_.input.width) multiply(src, gradient, {x, kx, 1, 1}, count, to);
    }
  }

  // Columns of dst from x on with taps from kx on.
  struct Tile {
    std::int64_t x, kx;
    int columns, taps;
  };
  void multiply(const float* src, const float* gradient, const Tile& tile, std::int64_t count,
                float* to) const {
    const std::int64_t stride = window_.strides.width;
    depthwise_product_function(tile.columns, tile.taps,
                               stride)({.src = src + src_column(tile.x, tile.kx) * channels_,
                                        .gradient = gradient + tile.x * channels_,
                                        .to = to + tile.kx * channels_,
                                        .step = channels_,
                                        .channels = count,
                                        .stride = stride});
  }

  void add_to_bias(const float* gradient, std::int64_t count, float* to) const {
    run_in_vectors([&]() PETAL_LOOP {
      for_channels(count, [&](auto vectors, std::int64_t c, std::int64_t valid) PETAL_LOOP {
        Floats sums[vectors()];
        for (int v = 0; v < vectors(); ++v) load(to + c + v * lanes, valid, sums[v]);
        for (std::int64_t x = 0; x < window_.output.width; ++x) {
          for (int v = 0; v < vectors(); ++v) {
            Floats value;
            load(gradient + x * channels_ + c + v * lanes, valid, value);
            sums[v] += value;
          }
        }
        for (int v = 0; v < vectors(); ++v) store(sums[v], valid, to + c + v * lanes);
      });
    });
  }

  std::int64_t src_row() const {
    return window_.input.width * channels_;
  }
  std::int64_t src_column(std::int64_t x, std::int64_t kx) const {
    return x * window_.strides.width + kx * window_.dilation.width - window_.padding.left;
  }

  // In the order of the parts, so that equal counts of threads give equal bits.
  void gather(const Bindings& bindings) const {
    float* sum = workplace(bindings, 0).all_sums;
    for (int part = 1; part < parts_; ++part) {
      const float* more = workplace(bindings, part).all_sums;
      for (std::int64_t i = 0; i < sums(); ++i) sum[i] += more[i];
    }
    std::copy_n(sum, taps_ * channels_, floats(bindings.diff_weights[0]));
    if (use_bias_) std::copy_n(sum + taps_ * channels_, channels_, floats(bindings.diff_weights[1]));
  }

  Window window_;
  std::int64_t channels_, rows_, taps_;
  bool use_bias_;
  GradientRows gradients_;
  int together_;  // taps
  int parts_;     // of the rows, one a thread
  std::int64_t inner_begin_, inner_end_;
  ScratchLayout each_;  // of a part
  std::size_t image_sums_, all_sums_, gradient_row_;
};

}  // namespace

KernelPointer make_depthwise_weights_gradient(const Convolution& convolution, const Device& device,
                                              const PrepareContext& context) {
  return std::make_unique<DepthwiseWeightsGradient>(convolution, device, context);
}

KernelPointer prepare_depthwise_gradient(const Convolution& convolution, const Device& device,
                                         const PrepareContext& context) {
  const std::int64_t channels = context.src[0].shape.back();
  const bool fits = convolution.groups == channels && context.dst.shape.back() == channels;
  if (!fits || !has_avx2()) return nullptr;
  return context.direction == Direction::backward_data
             ? make_depthwise_data_gradient(convolution, device, context)
             : make_depthwise_weights_gradient(convolution, device, context);
}

}  // namespace petal::cpu
