#pragma once

#include <cstddef>
#include <vector>

#include "engine/backend.h"
#include "kernels/cuda/half.h"

namespace petal::cuda {

// An array of floats, halves or pixels, which bodies read as floats: one body serves all types, as the choice
// is the same for all threads of a launch. Null where there is none.
struct Numbers {
  const std::byte* data = nullptr;
  DataType type = DataType::f32;

  Numbers() = default;
  PETAL_BODY Numbers(const std::byte* array, DataType array_type) : data(array), type(array_type) {}
  PETAL_BODY Numbers(const float* array) : data(reinterpret_cast<const std::byte*>(array)) {}

  PETAL_BODY explicit operator bool() const { return data != nullptr; }
  PETAL_BODY float operator[](Index i) const {
    switch (type) {
      case DataType::bf16:
        return from_bfloat16(reinterpret_cast<const std::uint16_t*>(data)[i]);
      case DataType::f16:
        return from_float16(reinterpret_cast<const std::uint16_t*>(data)[i]);
      case DataType::u8:
        return static_cast<float>(reinterpret_cast<const std::uint8_t*>(data)[i]);
      default:
        return reinterpret_cast<const float*>(data)[i];
    }
  }
};

// One to which bodies write floats, rounded where it holds halves: results[i] = x.
struct Results {
  std::byte* data = nullptr;
  DataType type = DataType::f32;

  Results() = default;
  PETAL_BODY Results(std::byte* array, DataType array_type) : data(array), type(array_type) {}
  PETAL_BODY Results(float* array) : data(reinterpret_cast<std::byte*>(array)) {}

  struct Element {
    const Results& array;
    Index i;
    PETAL_BODY void operator=(float x) const { array.set(i, x); }
  };
  PETAL_BODY Element operator[](Index i) const { return {*this, i}; }
  PETAL_BODY void set(Index i, float x) const {
    switch (type) {
      case DataType::bf16:
        reinterpret_cast<std::uint16_t*>(data)[i] = to_bfloat16(x);
        return;
      case DataType::f16:
        reinterpret_cast<std::uint16_t*>(data)[i] = to_float16(x);
        return;
      default:
        reinterpret_cast<float*>(data)[i] = x;
    }
  }
  PETAL_BODY explicit operator bool() const { return data != nullptr; }
  // What was written there.
  PETAL_BODY Numbers numbers() const { return {data, type}; }
};

// The arrays of a node's values and their gradients, as a run binds them, of the types that it was prepared
// for.
class ValueArrays {
 public:
  explicit ValueArrays(const PrepareContext& context) : dst_(context.dst.type) {
    for (const TensorDescription& src : context.src) src_.push_back(src.type);
  }
  Numbers src(const Bindings& b, std::size_t input = 0) const { return {b.src[input], src_[input]}; }
  Results dst(const Bindings& b) const { return {b.dst, dst_}; }
  // Backward: what forward computed, and its gradient.
  Numbers computed(const Bindings& b) const { return {b.dst, dst_}; }
  Numbers diff_dst(const Bindings& b) const { return {b.diff_dst, dst_}; }
  Results diff_src(const Bindings& b, std::size_t input = 0) const {
    return {b.diff_src[input], src_[input]};
  }
  // The first input, where dst fits into its memory; else -1.
  int in_place() const { return src_[0] == dst_ ? 0 : -1; }

 private:
  std::vector<DataType> src_;
  DataType dst_;
};

}  // namespace petal::cuda
