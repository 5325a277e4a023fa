#include "kernels/reference/dropout.h"

#include "engine/random.h"
#include "kernels/reference/copy.h"

namespace petal::reference {
namespace {

// dst = src / (1 - rate) where the draw at the element's position in its sample is not below rate, else 0.
// Going back the gradient takes the same way: the same draws are made again.
template <class T>
void drop(const Dropout& layer, std::uint32_t number, const Shape& shape, const RunContext& context,
          const T* from, T* to) {
  const std::int64_t each = shape.without_batch().elements();
  const T scale = T{1} / (T{1} - static_cast<T>(layer.rate));
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    const std::uint32_t sample = context.samples.empty() ? static_cast<std::uint32_t>(n)
                                                         : context.samples[static_cast<std::size_t>(n)];
    const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch, sample, number);
    for (std::int64_t i = 0; i < each; ++i) {
      const bool kept = random.uniform(static_cast<std::uint32_t>(i)) >= layer.rate;
      to[n * each + i] = kept ? from[n * each + i] * scale : T{0};
    }
  }
}

}  // namespace

Support supports(const Dropout&, Direction direction) {
  return without_weights(Dropout::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Dropout& layer, const PrepareContext& context) {
  if (context.mode == Mode::inference || !context.node.trainable) return prepare_copy(context);
  const Shape shape = context.dst.shape;
  const std::uint32_t number = context.layer;
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops(
          [=](const Bindings& b) { drop(layer, number, shape, *b.context, as<T>(b.src[0]), as<T>(b.dst)); });
    }
    return loops([=](const Bindings& b) {
      if (b.diff_src[0]) drop(layer, number, shape, *b.context, as<T>(b.diff_dst), as<T>(b.diff_src[0]));
    });
  });
}

}  // namespace petal::reference
