#include "engine/layers/rescaling.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Rescaling& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  for (const PerChannel* numbers : {&layer.scale, &layer.offset}) {
    const bool by_channel = src[0].rank() > 0 && std::ssize(numbers->numbers()) == src[0].back();
    if (!numbers->is_one() && !by_channel) {
      throw Error(std::string(where), "has " + std::to_string(numbers->numbers().size()) +
                                          " numbers for the channels of " + src[0].to_string());
    }
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const Rescaling&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Rescaling&, std::span<const Shape> src) {
  return 2 * src[0].elements();
}

BackwardNeeds backward_needs(const Rescaling&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
