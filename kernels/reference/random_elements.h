#pragma once

#include "engine/random.h"
#include "kernels/reference/copy.h"

namespace petal::reference {

// to[i] = f(stream of the sample, i, from[i]) for each element, i counting from the sample's first.
template <class T, class F>
void each_element(std::uint32_t layer, const Shape& shape, const RunContext& context, const T* from, T* to,
                  F f) {
  const std::int64_t each = shape.without_batch().elements();
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    const std::uint32_t sample = context.samples.empty() ? static_cast<std::uint32_t>(n)
                                                         : context.samples[static_cast<std::size_t>(n)];
    const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch, sample, layer);
    for (std::int64_t i = 0; i < each; ++i) to[n * each + i] = f(random, i, from[n * each + i]);
  }
}

// The kernel of a layer that multiplies each element by factor(random, i) in training, where it is not
// frozen.
template <class Factor>
std::unique_ptr<Kernel> prepare_random_factor(const PrepareContext& context, Factor factor) {
  if (context.mode == Mode::inference || !context.node.trainable) return prepare_copy(context);
  const Shape shape = context.dst.shape;
  const std::uint32_t number = context.layer;
  return with_scalar(context.precision, [&]<class T>() {
    const auto scaled = [factor](const RandomStream& random, std::int64_t i, T value) {
      return value * static_cast<T>(factor(random, i));
    };
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        each_element<T>(number, shape, *b.context, as<T>(b.src[0]), as<T>(b.dst), scaled);
      });
    }
    return loops([=](const Bindings& b) {
      if (!b.diff_src[0]) return;
      each_element<T>(number, shape, *b.context, as<T>(b.diff_dst), as<T>(b.diff_src[0]), scaled);
    });
  });
}

}  // namespace petal::reference
