#include <algorithm>
#include <numeric>

#include "engine/augmentation.h"
#include "kernels/cpu/layout/copy.h"

namespace petal::cpu {
namespace {

// A photo's rows are taken `lanes` numbers at a time, a whole number of pixels, so that lane i is always of
// channel i % channels and the loops run in vectors.
class ContrastKernel final : public Kernel {
 public:
  ContrastKernel(const RandomContrast& layer, const PrepareContext& context)
      : layer_(layer),
        number_(context.layer),
        batch_(context.dst.shape[0]),
        pixels_(context.dst.shape[1] * context.dst.shape[2]),
        channels_(context.dst.shape[3]),
        lanes_(std::lcm(channels_, std::int64_t{8})) {}

  // Per photo: a sum a lane in float, the same in double, and each lane's mean.
  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(batch_ * lanes_) * (sizeof(double) + 2 * sizeof(float));
  }

  void run(const Bindings& bindings) override {
    const float* src = floats(bindings.src[0]);
    float* dst = floats(bindings.dst);
    auto* sums = reinterpret_cast<double*>(bindings.scratch);
    auto* lanes = reinterpret_cast<float*>(sums + batch_ * lanes_);
    const std::int64_t each = pixels_ * channels_;
#pragma omp parallel for schedule(static) if (batch_ * each >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      const float contrast = draw_contrast(layer_, augmentation_stream(*bindings.context, n, number_));
      float* own = lanes + 2 * n * lanes_;
      channel_means(src + n * each, sums + n * lanes_, own, own + lanes_);
      adjust(src + n * each, own + lanes_, contrast, dst + n * each);
    }
  }

  std::string implementation() const override {
    return "loops";
  }
  int in_place_input() const override {
    return 0;
  }

 private:
  static constexpr std::int64_t run_length = 64;  // so many numbers are summed in float, then added in double

  void channel_means(const float* src, double* sums, float* run, float* means) const {
    const std::int64_t size = pixels_ * channels_;
    std::fill_n(sums, lanes_, 0.0);
    for (std::int64_t begin = 0; begin < size; begin += run_length * lanes_) {
      const std::int64_t end = std::min(begin + run_length * lanes_, size);
      std::fill_n(run, lanes_, 0.0f);
      std::int64_t i = begin;
      for (; i + lanes_ <= end; i += lanes_) {
        for (std::int64_t lane = 0; lane < lanes_; ++lane) run[lane] += src[i + lane];
      }
      for (std::int64_t lane = 0; i < end; ++i, ++lane) run[lane] += src[i];
      for (std::int64_t lane = 0; lane < lanes_; ++lane) sums[lane] += static_cast<double>(run[lane]);
    }
    for (std::int64_t c = 0; c < channels_; ++c) {
      double sum = 0;
      for (std::int64_t lane = c; lane < lanes_; lane += channels_) sum += sums[lane];
      const auto mean = static_cast<float>(sum / static_cast<double>(pixels_));
      for (std::int64_t lane = c; lane < lanes_; lane += channels_) means[lane] = mean;
    }
  }

  void adjust(const float* src, const float* means, float contrast, float* dst) const {
    const float darkest = layer_.value_range.lower, brightest = layer_.value_range.upper;
    const std::int64_t size = pixels_ * channels_;
    for (std::int64_t i = 0; i < size; i += lanes_) {
      const std::int64_t count = std::min(lanes_, size - i);
      for (std::int64_t lane = 0; lane < count; ++lane) {
        const float adjusted = (src[i + lane] - means[lane]) * contrast + means[lane];
        dst[i + lane] = std::min(std::max(adjusted, darkest), brightest);
      }
    }
  }

  RandomContrast layer_;
  std::uint32_t number_;
  std::int64_t batch_, pixels_, channels_, lanes_;
};

}  // namespace

Support supports(const RandomContrast&, Direction direction) {
  return supports_augmentation(direction);
}

KernelPointer prepare(const RandomContrast& layer, const Device&, const PrepareContext& context) {
  if (!is_active(context)) return prepare_copy(context);
  return std::make_unique<ContrastKernel>(layer, context);
}

}  // namespace petal::cpu
