#pragma once

#include "engine/layers/parts.h"

namespace petal {

enum class MergeOperation { add, subtract, multiply, average, maximum, minimum };

// Keras's class name: "Add".
constexpr std::string_view keras_name(MergeOperation operation) {
  constexpr std::string_view names[] = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"};
  return names[static_cast<std::size_t>(operation)];
}

// Two or more inputs (Subtract: two) element by element, from the first to the last. Shapes broadcast as
// Keras's, that is numpy's on one sample: aligned at the innermost dimension, a size of 1, or none, is
// repeated. Where several inputs are the largest (smallest), the first of them takes the gradient, as
// TensorFlow's.
template <MergeOperation of>
struct Merge {
  static constexpr MergeOperation operation = of;
  static constexpr std::string_view kind = keras_name(of);
  friend bool operator==(const Merge&, const Merge&) = default;
};

using Add = Merge<MergeOperation::add>;
using Subtract = Merge<MergeOperation::subtract>;
using Multiply = Merge<MergeOperation::multiply>;
using Average = Merge<MergeOperation::average>;
using Maximum = Merge<MergeOperation::maximum>;
using Minimum = Merge<MergeOperation::minimum>;

// What the functions below are for each of them.
Shape infer_shape(MergeOperation operation, std::string_view where, std::span<const Shape> src);
std::int64_t operations(MergeOperation operation, std::span<const Shape> src);
BackwardNeeds backward_needs(MergeOperation operation);

template <MergeOperation of>
Shape infer_shape(const Merge<of>&, std::string_view where, std::span<const Shape> src) {
  return infer_shape(of, where, src);
}
template <MergeOperation of>
std::vector<WeightDeclaration> declare_weights(const Merge<of>&, std::span<const Shape>) {
  return {};
}
template <MergeOperation of>
std::int64_t operations(const Merge<of>&, std::span<const Shape> src) {
  return operations(of, src);
}
template <MergeOperation of>
BackwardNeeds backward_needs(const Merge<of>&) {
  return backward_needs(of);
}

}  // namespace petal
