#include "kernels/cuda/geometry.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Index (n, c): the largest of a channel, or how many are as large.
struct Largest {
  Image src;
  Numbers values;
  Results dst;
  PETAL_BODY void operator()(Index d) const {
    const Index pixels = src.height * src.width;
    const Index channel = d / src.channels * pixels * src.channels + d % src.channels;
    float largest = values[channel];
    for (Index pixel = 1; pixel < pixels; ++pixel) {
      const float next = values[channel + pixel * src.channels];
      largest = next > largest ? next : largest;
    }
    dst[d] = largest;
  }
};

struct Winners {
  Image src;
  Numbers values, dst;
  float* counts;
  PETAL_BODY void operator()(Index d) const {
    const Index pixels = src.height * src.width;
    const Index channel = d / src.channels * pixels * src.channels + d % src.channels;
    const float largest = dst[d];
    Index count = 0;
    for (Index pixel = 0; pixel < pixels; ++pixel)
      count += values[channel + pixel * src.channels] == largest ? 1 : 0;
    counts[d] = static_cast<float>(count);
  }
};

// Where several elements are the largest, each takes the same share of the gradient.
struct Shares {
  Image src;
  Numbers values, dst, diff_dst;
  const float* counts;
  Results diff_src;
  PETAL_BODY void operator()(Index s) const {
    const Place at = src.place(s);
    const Index d = at.n * src.channels + at.c;
    diff_src[s] = values[s] == dst[d] ? diff_dst[d] / counts[d] : 0.0f;
  }
};

}  // namespace

Support supports(const GlobalMaxPooling2D&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const GlobalMaxPooling2D&, const Device& device, const PrepareContext& context) {
  const Image src(context.src[0].shape);
  const Index elements = src.batch * src.channels;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches([=](const Bindings& b) {
      for_each(queue, elements, Largest{src, arrays.src(b), arrays.dst(b)});
    });
  }
  return launches(
      [=](const Bindings& b) {
        if (!b.diff_src[0]) return;
        const Numbers values = arrays.src(b), dst = arrays.computed(b);
        float* counts = as<float>(b.scratch);
        for_each(queue, elements, Winners{src, values, dst, counts});
        for_each(queue, src.elements(),
                 Shares{src, values, dst, arrays.diff_dst(b), counts, arrays.diff_src(b)});
      },
      {.scratch_bytes = static_cast<std::size_t>(elements) * sizeof(float)});
}

}  // namespace petal::cuda
