#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/cuda/numbers.h"
#include "tests/kernels/scalars.h"

namespace petal::testing {
namespace {

// What a half of these bits is, by the tests' own arithmetic.
double value_of(std::uint16_t bits, DataType type) {
  return decode(reinterpret_cast<const std::byte*>(&bits), type, 1)[0];
}

std::uint16_t rounded(float number, DataType type) {
  std::uint16_t half = 0;
  cuda::Results(reinterpret_cast<std::byte*>(&half), type)[0] = number;
  return half;
}

float read(std::uint16_t bits, DataType type) {
  return cuda::Numbers(reinterpret_cast<const std::byte*>(&bits), type)[0];
}

TEST_CASE("halves for GPUs: every one widens to itself and back, and what is no number stays none") {
  for (const DataType type : {DataType::bf16, DataType::f16}) {
    int wrong = 0;
    for (int bits = 0; bits < 1 << 16; ++bits) {
      const auto half = static_cast<std::uint16_t>(bits);
      const double expected = value_of(half, type);
      const float found = read(half, type);
      if (std::isnan(expected))
        wrong += !std::isnan(found) || !std::isnan(read(rounded(found, type), type));
      else
        wrong += static_cast<double>(found) != expected || rounded(found, type) != half;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("halves for GPUs: what is no number stays none, whichever bits say so") {
  for (const DataType type : {DataType::bf16, DataType::f16}) {
    for (const std::uint32_t bits : {0x7f800001u, 0x7f80ffffu, 0x7fffffffu, 0xff800001u, 0xffffffffu}) {
      CAPTURE(bits);
      CHECK(std::isnan(value_of(rounded(std::bit_cast<float>(bits), type), type)));
    }
  }
}

TEST_CASE("halves for GPUs: a float goes to the nearest, one half-way between two to the even one") {
  for (const DataType type : {DataType::bf16, DataType::f16}) {
    int wrong = 0;
    const int infinity = type == DataType::bf16 ? 0x7f80 : 0x7c00;
    for (int bits = 0; bits + 1 < infinity; ++bits) {
      const auto lower = static_cast<std::uint16_t>(bits), upper = static_cast<std::uint16_t>(bits + 1);
      const double middle = (value_of(lower, type) + value_of(upper, type)) / 2;
      const auto half_way = static_cast<float>(middle);
      if (static_cast<double>(half_way) != middle) continue;  // below bfloat16's smallest numbers
      const std::uint16_t even = bits % 2 == 0 ? lower : upper;
      wrong += rounded(half_way, type) != even;
      wrong += rounded(-half_way, type) != (even | 0x8000);
      wrong += rounded(std::nextafter(half_way, 0.0f), type) != lower;
      wrong += rounded(std::nextafter(half_way, HUGE_VALF), type) != upper;
    }
    CHECK(wrong == 0);
    const float largest = read(static_cast<std::uint16_t>(infinity - 1), type);
    CHECK(rounded(std::numeric_limits<float>::infinity(), type) == infinity);
    CHECK(rounded(largest, type) == infinity - 1);
  }
  CHECK(rounded(65519.0f, DataType::f16) == 0x7bff);
  CHECK(rounded(65520.0f, DataType::f16) == 0x7c00);
  CHECK(rounded(3e38f, DataType::f16) == 0x7c00);
}

}  // namespace
}  // namespace petal::testing
