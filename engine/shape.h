#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace petal {

// The dimensions of a tensor, outermost first; the last varies fastest in memory. Images are (N, H, W, C). A
// graph's shapes leave N out: they describe one sample; a plan puts N in front.
class Shape {
 public:
  static constexpr std::size_t max_rank = 6;

  Shape() = default;
  // Throws Error where there are more than max_rank dimensions or one is negative.
  Shape(std::initializer_list<std::int64_t> dims);
  explicit Shape(std::span<const std::int64_t> dims);

  std::size_t rank() const { return rank_; }
  std::int64_t operator[](std::size_t axis) const { return dims_[axis]; }
  // The innermost dimension: the channels of (H, W, C). Undefined for rank 0.
  std::int64_t back() const { return dims_[rank_ - 1]; }
  std::span<const std::int64_t> dims() const { return {dims_.data(), rank_}; }
  // The product of all dimensions; 1 for rank 0.
  std::int64_t elements() const;
  // (d0, d1, ...) -> (batch, d0, d1, ...).
  Shape with_batch(std::int64_t batch) const;
  // (N, d0, ...) -> (d0, ...).
  Shape without_batch() const;
  // "(224, 224, 3)", "(5,)", "()": as numpy and Keras print it.
  std::string to_string() const;

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<std::int64_t, max_rank> dims_{};
  std::size_t rank_ = 0;
};

}  // namespace petal
