#include "kernels/reference/gaussian_noise.h"

#include "kernels/reference/random_elements.h"

namespace petal::reference {

Support supports(const GaussianNoise&, Direction direction) {
  return without_weights(GaussianNoise::kind, direction);
}

std::unique_ptr<Kernel> prepare(const GaussianNoise& layer, const PrepareContext& context) {
  const bool adds = context.mode == Mode::training && context.node.trainable;
  if (!adds || context.direction != Direction::forward) return prepare_copy(context);
  const Shape shape = context.dst.shape;
  const std::uint32_t number = context.layer;
  return with_scalar(context.precision, [&]<class T>() {
    return loops([=](const Bindings& b) {
      const auto noisy = [&](const RandomStream& random, std::int64_t i, T value) {
        const auto noise = static_cast<T>(random.normal(static_cast<std::uint32_t>(i)));
        return value + noise * static_cast<T>(layer.stddev);
      };
      each_element<T>(number, shape, *b.context, as<T>(b.src[0]), as<T>(b.dst), noisy);
    });
  });
}

}  // namespace petal::reference
