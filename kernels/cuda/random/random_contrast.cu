#include "engine/augmentation.h"
#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/layout/copy.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/sample_table.h"

namespace petal::cuda {
namespace {

// Photos as columns of pixels: column n * channels + c is channel c of photo n.
struct PixelTerm {
  Index pixels, channels;
  Numbers src;
  PETAL_BODY void operator()(Index pixel, Index column, float* sums) const {
    const Index n = column / channels, c = column % channels;
    sums[0] += src[(n * pixels + pixel) * channels + c];
  }
};

// (x - mean) * contrast + mean, cut to the range.
struct Adjust {
  Index pixels, channels;
  float lower, upper;
  const float *contrast, *sums;  // one a photo; one a photo and channel
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    const Index n = i / (pixels * channels), c = i % channels;
    const float mean = sums[n * channels + c] / static_cast<float>(pixels);
    const float x = (src[i] - mean) * contrast[n] + mean;
    dst[i] = x < lower ? lower : x > upper ? upper : x;
  }
};

}  // namespace

Support supports(const RandomContrast&, Direction direction) {
  return supports_augmentation(direction);
}

KernelPointer prepare(const RandomContrast& layer, const Device& device, const PrepareContext& context) {
  if (!is_active(context)) return prepare_copy(device, context);
  const Index elements = context.dst.shape.elements(), batch = context.dst.shape[0];
  const Index channels = context.dst.shape.back(), pixels = elements / (batch * channels);
  const ColumnSplit split = column_split(pixels, batch * channels);
  const std::size_t sums_bytes = static_cast<std::size_t>(split.columns) * sizeof(float);
  const std::uint32_t number = context.layer;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  return drawn_launches(
      device, batch,
      [=](const RunContext& run, Index n) {
        return draw_contrast(layer, augmentation_stream(run, n, number));
      },
      [=](const Bindings& b, const float* contrast) {
        float* sums = as<float>(b.scratch);
        const Numbers src = arrays.src(b);
        sum_columns<1>(queue, split, PixelTerm{pixels, channels, src}, KeepSum{sums}, b.scratch + sums_bytes);
        for_each(queue, elements,
                 Adjust{pixels, channels, layer.value_range.lower, layer.value_range.upper, contrast, sums,
                        src, arrays.dst(b)});
      },
      {.scratch_bytes = sums_bytes + partial_sums_bytes(split, 1)});
}

}  // namespace petal::cuda
