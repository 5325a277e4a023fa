#include "kernels/reference/concatenate.h"

#include <algorithm>

namespace petal::reference {
namespace {

// Calls f(input, row, begin) for each input's part of each row of dst: it begins there and is channels[input]
// long.
template <class F>
void parts(const std::vector<std::int64_t>& channels, std::int64_t rows, F f) {
  std::int64_t begin = 0;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::size_t input = 0; input < channels.size(); begin += channels[input++]) f(input, row, begin);
}

}  // namespace

Support supports(const Concatenate&, Direction direction) {
  return without_weights(Concatenate::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Concatenate&, const PrepareContext& context) {
  std::vector<std::int64_t> channels;
  for (const TensorDescription& src : context.src) channels.push_back(src.shape.back());
  const std::int64_t rows = context.dst.shape.elements() / context.dst.shape.back();
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        parts(channels, rows, [&](std::size_t input, std::int64_t row, std::int64_t begin) {
          std::copy_n(as<T>(b.src[input]) + row * channels[input], channels[input], as<T>(b.dst) + begin);
        });
      });
    }
    return loops([=](const Bindings& b) {
      parts(channels, rows, [&](std::size_t input, std::int64_t row, std::int64_t begin) {
        if (!b.diff_src[input]) return;
        std::copy_n(as<T>(b.diff_dst) + begin, channels[input],
                    as<T>(b.diff_src[input]) + row * channels[input]);
      });
    });
  });
}

}  // namespace petal::reference
