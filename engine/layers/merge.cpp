#include "engine/layers/merge.h"

#include <algorithm>

#include "engine/error.h"

namespace petal {
namespace {

// The shape that both are repeated to.
Shape broadcast(std::string_view where, const Shape& a, const Shape& b) {
  if (a.rank() < b.rank()) return broadcast(where, b, a);
  std::vector<std::int64_t> dims(a.dims().begin(), a.dims().end());
  for (std::size_t i = 0; i < b.rank(); ++i) {
    std::int64_t& dim = dims[a.rank() - b.rank() + i];
    if (dim == 1) dim = b[i];
    if (b[i] != dim && b[i] != 1) {
      throw Error(std::string(where), "its inputs " + a.to_string() + " and " + b.to_string() +
                                          " do not broadcast: sizes must agree or be 1");
    }
  }
  return Shape(dims);
}

}  // namespace

Shape infer_shape(MergeOperation operation, std::string_view where, std::span<const Shape> src) {
  if (src.size() < 2) throw Error(std::string(where), "takes two inputs or more");
  if (operation == MergeOperation::subtract) require_inputs(where, src, 2);
  Shape shape = src[0];
  for (const Shape& more : src.subspan(1)) shape = broadcast(where, shape, more);
  return shape;
}

std::int64_t operations(MergeOperation operation, std::span<const Shape> src) {
  const std::int64_t each =
      static_cast<std::int64_t>(src.size()) - (operation == MergeOperation::average ? 0 : 1);
  return infer_shape(operation, keras_name(operation), src).elements() * each;
}

BackwardNeeds backward_needs(MergeOperation operation) {
  const bool linear = operation == MergeOperation::add || operation == MergeOperation::subtract ||
                      operation == MergeOperation::average;
  return {.src = !linear, .dst = false};
}

}  // namespace petal
