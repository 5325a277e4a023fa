#include "engine/shape.h"

#include <algorithm>

#include "engine/error.h"

namespace petal {

Shape::Shape(std::initializer_list<std::int64_t> dims)
    : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::int64_t> dims) {
  if (dims.size() > max_rank) {
    throw Error("shape", "has " + std::to_string(dims.size()) + " dimensions; at most 6 are supported");
  }
  for (std::int64_t dim : dims) {
    if (dim < 0) throw Error("shape", "has the negative dimension " + std::to_string(dim));
    dims_[rank_++] = dim;
  }
}

std::int64_t Shape::elements() const {
  std::int64_t product = 1;
  for (std::int64_t dim : dims()) product *= dim;
  return product;
}

Shape Shape::with_batch(std::int64_t batch) const {
  std::array<std::int64_t, max_rank + 1> dims{batch};
  std::copy_n(dims_.begin(), rank_, dims.begin() + 1);
  return Shape(std::span<const std::int64_t>(dims.data(), rank_ + 1));
}

Shape Shape::without_batch() const {
  return Shape(dims().subspan(1));
}

std::string Shape::to_string() const {
  std::string text = "(";
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string(dims_[axis]);
  }
  return text + (rank_ == 1 ? ",)" : ")");
}

}  // namespace petal
