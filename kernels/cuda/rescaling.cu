#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Factors and offsets of the channels.
struct Line {
  const float *scale, *offset;
  Index channels;
};

template <class From>
struct Forward {
  Line line;
  const From* src;
  float* dst;
  PETAL_BODY void operator()(Index i) const {
    const Index c = i % line.channels;
    dst[i] = static_cast<float>(src[i]) * line.scale[c] + line.offset[c];
  }
};

struct Backward {
  Line line;
  const float* diff_dst;
  float* diff_src;
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
  const bool pixels = context.src[0].type == DataType::u8;
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          const Line line{scale.floats(), offset.floats(), channels};
          float* dst = as<float>(b.dst);
          if (pixels)
            for_each(queue, elements, Forward<std::uint8_t>{line, as<std::uint8_t>(b.src[0]), dst});
          else
            for_each(queue, elements, Forward<float>{line, as<float>(b.src[0]), dst});
        },
        {.in_place_input = pixels ? -1 : 0});
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(
        queue, elements,
        Backward{
            {scale.floats(), offset.floats(), channels}, as<float>(b.diff_dst), as<float>(b.diff_src[0])});
  });
}

}  // namespace petal::cuda
