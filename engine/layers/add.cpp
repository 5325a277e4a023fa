#include "engine/layers/add.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Add&, std::string_view where, std::span<const Shape> src) {
  if (src.size() < 2) throw Error(std::string(where), "takes two inputs or more");
  for (const Shape& shape : src) {
    if (shape != src[0]) {
      throw Error(std::string(where),
                  "its inputs differ in shape: " + src[0].to_string() + " and " + shape.to_string());
    }
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const Add&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Add&, std::span<const Shape> src) {
  return src[0].elements() * (static_cast<std::int64_t>(src.size()) - 1);
}

BackwardNeeds backward_needs(const Add&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
