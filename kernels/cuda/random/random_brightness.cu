#include "engine/augmentation.h"
#include "kernels/cuda/layout/copy.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/sample_table.h"

namespace petal::cuda {
namespace {

struct Brighten {
  Index each;
  float lower, upper;
  const float* added;  // one a photo
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    const float x = src[i] + added[i / each];
    dst[i] = x < lower ? lower : x > upper ? upper : x;
  }
};

}  // namespace

Support supports(const RandomBrightness&, Direction direction) {
  return supports_augmentation(direction);
}

KernelPointer prepare(const RandomBrightness& layer, const Device& device, const PrepareContext& context) {
  if (!is_active(context)) return prepare_copy(device, context);
  const Index elements = context.dst.shape.elements(), batch = context.dst.shape[0];
  const std::uint32_t number = context.layer;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  return drawn_launches(
      device, batch,
      [=](const RunContext& run, Index n) {
        return draw_brightness(layer, augmentation_stream(run, n, number));
      },
      [=](const Bindings& b, const float* added) {
        for_each(queue, elements,
                 Brighten{elements / batch, layer.value_range.lower, layer.value_range.upper, added,
                          arrays.src(b), arrays.dst(b)});
      },
      {.in_place_input = arrays.in_place()});
}

}  // namespace petal::cuda
