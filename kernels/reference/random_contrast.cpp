#include "kernels/reference/random_contrast.h"

#include "engine/augmentation.h"
#include "kernels/reference/copy.h"

namespace petal::reference {
Support supports(const RandomContrast&, Direction direction) {
  return supports_augmentation(direction);
}

std::unique_ptr<Kernel> prepare(const RandomContrast& layer, const PrepareContext& context) {
  if (!is_active(context)) return prepare_copy(context);
  const Image image(context.dst.shape);
  const std::uint32_t number = context.layer;
  return with_scalar(context.precision, [&]<class T>() {
    return loops([=](const Bindings& b) {
      for (std::int64_t n = 0; n < image.batch; ++n) {
        const float contrast = draw_contrast(layer, augmentation_stream(*b.context, n, number));
        for (std::int64_t c = 0; c < image.channels; ++c) {
          const std::int64_t first = image.at(n, 0, 0, c);
          adjust_contrast(as<T>(b.src[0]) + first, image.height * image.width, image.channels,
                          static_cast<T>(contrast), layer.value_range, as<T>(b.dst) + first);
        }
      }
    });
  });
}

}  // namespace petal::reference
