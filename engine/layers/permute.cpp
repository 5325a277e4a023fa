#include "engine/layers/permute.h"

#include <algorithm>
#include <numeric>

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Permute& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  std::vector<std::int64_t> counted(src[0].rank()), shape;
  std::iota(counted.begin(), counted.end(), 1);
  if (!std::ranges::is_permutation(layer.dims, counted)) {
    throw Error(std::string(where), "its dims must be 1 to " + std::to_string(src[0].rank()) +
                                        ", each once, for an input " + src[0].to_string());
  }
  for (const std::int64_t dim : layer.dims) shape.push_back(src[0][static_cast<std::size_t>(dim - 1)]);
  return Shape(shape);
}

std::vector<WeightDeclaration> declare_weights(const Permute&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Permute&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const Permute&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
