#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/shape.h"

namespace petal {

enum class DataType : std::uint8_t { f32, f64, bf16, f16, u8, s32 };

// Bytes of one element.
std::size_t size_of(DataType type);
// "float32", "float64", "bfloat16", "float16", "uint8", "int32".
std::string_view to_string(DataType type);

template <class T>
constexpr DataType data_type_of();
template <>
constexpr DataType data_type_of<float>() {
  return DataType::f32;
}
template <>
constexpr DataType data_type_of<double>() {
  return DataType::f64;
}
template <>
constexpr DataType data_type_of<std::uint8_t>() {
  return DataType::u8;
}
template <>
constexpr DataType data_type_of<std::int32_t>() {
  return DataType::s32;
}

struct TensorDescription {
  DataType type = DataType::f32;
  Shape shape{};

  std::size_t bytes() const { return static_cast<std::size_t>(shape.elements()) * size_of(type); }
  friend bool operator==(const TensorDescription&, const TensorDescription&) = default;
};

// Memory aligned to 64 bytes (a cache line, an AVX-512 register); large blocks ask the system for huge pages.
class Buffer {
 public:
  static constexpr std::size_t alignment = 64;

  Buffer() = default;
  // Uninitialised. Throws Error(failure) with the size where memory is short.
  explicit Buffer(std::size_t bytes);

  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

// An owning, densely packed array in host memory. Copies are deep.
class Tensor {
 public:
  Tensor() = default;
  // All elements zero.
  explicit Tensor(TensorDescription description);
  explicit Tensor(Shape shape, DataType type = DataType::f32) : Tensor(TensorDescription{type, shape}) {}
  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;

  const TensorDescription& description() const { return description_; }
  const Shape& shape() const { return description_.shape; }
  DataType type() const { return description_.type; }
  std::int64_t elements() const { return description_.shape.elements(); }
  std::size_t size_bytes() const { return description_.bytes(); }

  std::byte* bytes() { return buffer_.data(); }
  const std::byte* bytes() const { return buffer_.data(); }

  // The elements. Throws Error where T is not the tensor's type.
  template <class T = float>
  std::span<T> values() {
    require_type(data_type_of<T>());
    return {reinterpret_cast<T*>(bytes()), static_cast<std::size_t>(elements())};
  }
  template <class T = float>
  std::span<const T> values() const {
    require_type(data_type_of<T>());
    return {reinterpret_cast<const T*>(bytes()), static_cast<std::size_t>(elements())};
  }

 private:
  void require_type(DataType type) const;

  TensorDescription description_{DataType::f32, Shape{0}};
  Buffer buffer_;
};

}  // namespace petal
