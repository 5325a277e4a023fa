#include "engine/layers/reshape.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Reshape& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  std::vector<std::int64_t> dims = layer.target;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& dim : dims) {
    if (dim == -1 && open == nullptr) {
      open = &dim;
    } else if (dim < 1) {
      throw Error(std::string(where), "the target shape may hold one -1; all else must be positive");
    } else {
      known *= dim;
    }
  }
  const std::int64_t elements = src[0].elements();
  if (open != nullptr) *open = elements / known;
  if (Shape(dims).elements() != elements) {
    throw Error(std::string(where), src[0].to_string() + " does not reshape to " + Shape(dims).to_string());
  }
  return Shape(dims);
}

std::vector<WeightDeclaration> declare_weights(const Reshape&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Reshape&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const Reshape&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
