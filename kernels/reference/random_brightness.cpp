#include "kernels/reference/random_brightness.h"

#include <algorithm>

#include "engine/augmentation.h"
#include "kernels/reference/copy.h"

namespace petal::reference {

Support supports(const RandomBrightness&, Direction direction) {
  return supports_augmentation(direction);
}

std::unique_ptr<Kernel> prepare(const RandomBrightness& layer, const PrepareContext& context) {
  if (!is_active(context)) return prepare_copy(context);
  const std::int64_t batch = context.dst.shape[0];
  const std::int64_t each = context.dst.shape.elements() / batch;
  const std::uint32_t number = context.layer;
  return with_scalar(context.precision, [&]<class T>() {
    const auto darkest = static_cast<T>(layer.value_range.lower);
    const auto brightest = static_cast<T>(layer.value_range.upper);
    return loops([=](const Bindings& b) {
      for (std::int64_t n = 0; n < batch; ++n) {
        const float added = draw_brightness(layer, augmentation_stream(*b.context, n, number));
        for (std::int64_t i = n * each; i < (n + 1) * each; ++i) {
          as<T>(b.dst)[i] = std::clamp(as<T>(b.src[0])[i] + static_cast<T>(added), darkest, brightest);
        }
      }
    });
  });
}

}  // namespace petal::reference
