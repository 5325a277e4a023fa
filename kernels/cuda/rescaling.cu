#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Factors and offsets of the channels.
struct Line {
  const float *scale, *offset;
  Index channels;
};

struct Forward {
  Line line;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    const Index c = i % line.channels;
    dst[i] = src[i] * line.scale[c] + line.offset[c];
  }
};

struct Backward {
  Line line;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index i) const { diff_src[i] = diff_dst[i] * line.scale[i % line.channels]; }
};

std::vector<float> of_every_channel(const PerChannel& numbers, Index channels) {
  std::vector<float> all;
  for (Index c = 0; c < channels; ++c) all.push_back(numbers[c]);
  return all;
}

}  // namespace

Support supports(const Rescaling&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Rescaling& layer, const Device& device, const PrepareContext& context) {
  const Index elements = context.dst.shape.elements(), channels = context.dst.shape.back();
  const DeviceArray scale = uploaded(device, of_every_channel(layer.scale, channels));
  const DeviceArray offset = uploaded(device, of_every_channel(layer.offset, channels));
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          const Line line{scale.floats(), offset.floats(), channels};
          for_each(queue, elements, Forward{line, arrays.src(b), arrays.dst(b)});
        },
        {.in_place_input = arrays.in_place()});
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(queue, elements,
             Backward{{scale.floats(), offset.floats(), channels}, arrays.diff_dst(b), arrays.diff_src(b)});
  });
}

}  // namespace petal::cuda
