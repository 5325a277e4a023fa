#include "engine/layers/concatenate.h"

#include <algorithm>

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Concatenate&, std::string_view where, std::span<const Shape> src) {
  if (src.size() < 2) throw Error(std::string(where), "takes two inputs or more");
  std::vector<std::int64_t> dims(src[0].dims().begin(), src[0].dims().end());
  if (dims.empty()) throw Error(std::string(where), "its inputs have no dimension to join along");
  dims.back() = 0;
  for (const Shape& shape : src) {
    const bool fits =
        shape.rank() == dims.size() && std::equal(dims.begin(), dims.end() - 1, shape.dims().begin());
    if (!fits) {
      throw Error(std::string(where), "its inputs " + src[0].to_string() + " and " + shape.to_string() +
                                          " differ beyond the last dimension");
    }
    dims.back() += shape.back();
  }
  return Shape(dims);
}

std::vector<WeightDeclaration> declare_weights(const Concatenate&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Concatenate&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const Concatenate&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
