#include "tests/kernels/scalars.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/error.h"

namespace petal::testing {
namespace {

template <class T>
void store(std::byte* bytes, std::size_t index, T value) {
  std::memcpy(bytes + index * sizeof(T), &value, sizeof(T));
}

template <class T>
T load(const std::byte* bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes + index * sizeof(T), sizeof(T));
  return value;
}

std::uint16_t to_bf16(double value) {
  const auto single = static_cast<float>(value);
  std::uint32_t bits;
  std::memcpy(&bits, &single, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

double from_bf16(std::uint16_t half) {
  const std::uint32_t bits = static_cast<std::uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return static_cast<double>(value);
}

// Finite numbers only: sign, 5 bits of exponent, 10 of fraction; below 2^-14 the spacing stays 2^-24.
std::uint16_t to_f16(double value) {
  const int sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  const int exponent = magnitude < 0x1p-14 ? -14 : std::ilogb(magnitude);
  const int fraction = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  return static_cast<std::uint16_t>(sign | (fraction + ((exponent + 14) << 10)));
}

double from_f16(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * HUGE_VAL;
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25));
}

}  // namespace

void encode(std::span<const double> values, DataType type, std::byte* bytes) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    switch (type) {
      case DataType::f32:
        store(bytes, i, static_cast<float>(values[i]));
        break;
      case DataType::f64:
        store(bytes, i, values[i]);
        break;
      case DataType::bf16:
        store(bytes, i, to_bf16(values[i]));
        break;
      case DataType::f16:
        store(bytes, i, to_f16(values[i]));
        break;
      case DataType::u8:
        store(bytes, i, static_cast<std::uint8_t>(values[i]));
        break;
      case DataType::s32:
        store(bytes, i, static_cast<std::int32_t>(values[i]));
        break;
    }
  }
}

std::vector<double> decode(const std::byte* bytes, DataType type, std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    switch (type) {
      case DataType::f32:
        values[i] = static_cast<double>(load<float>(bytes, i));
        break;
      case DataType::f64:
        values[i] = load<double>(bytes, i);
        break;
      case DataType::bf16:
        values[i] = from_bf16(load<std::uint16_t>(bytes, i));
        break;
      case DataType::f16:
        values[i] = from_f16(load<std::uint16_t>(bytes, i));
        break;
      case DataType::u8:
        values[i] = load<std::uint8_t>(bytes, i);
        break;
      case DataType::s32:
        values[i] = load<std::int32_t>(bytes, i);
        break;
    }
  }
  return values;
}

}  // namespace petal::testing
