#include "engine/random.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/error.h"
#include "engine/initializer.h"

using namespace petal;

// The known answers of the authors' Random123 library (kat_vectors, philox4x32 with 10 rounds).
TEST_CASE("philox gives the published known answers") {
  using Words = std::array<std::uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  CHECK(philox({0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu}, {0xffffffffu, 0xffffffffu}) ==
        Words{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}) ==
        Words{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("streams of different keys differ, of the same key agree") {
  const RandomStream stream(7, RandomPurpose::dropout, 1, 2, 3);
  CHECK(stream.bits(5) == RandomStream(7, RandomPurpose::dropout, 1, 2, 3).bits(5));
  for (const RandomStream& other :
       {RandomStream(8, RandomPurpose::dropout, 1, 2, 3), RandomStream(7, RandomPurpose::shuffle, 1, 2, 3),
        RandomStream(7, RandomPurpose::dropout, 2, 2, 3), RandomStream(7, RandomPurpose::dropout, 1, 3, 3),
        RandomStream(7, RandomPurpose::dropout, 1, 2, 4)}) {
    CHECK(stream.bits(5) != other.bits(5));
  }
}

TEST_CASE("uniform, below and normal have their distributions") {
  const RandomStream stream(1, RandomPurpose::initialization);
  double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0;
  int below[3] = {};
  constexpr int count = 30000;
  for (std::uint32_t i = 0; i < count; ++i) {
    const double u = static_cast<double>(stream.uniform(i));
    CHECK_MESSAGE((u >= 0.0 && u < 1.0), u);
    sum += u;
    squares += u * u;
    const double n = static_cast<double>(stream.normal(i));
    normal_sum += n;
    normal_squares += n * n;
    ++below[stream.below(i, 3)];
  }
  CHECK(sum / count == doctest::Approx(0.5).epsilon(0.01));
  CHECK(squares / count == doctest::Approx(1.0 / 3).epsilon(0.02));
  CHECK(std::abs(normal_sum / count) < 0.02);
  CHECK(normal_squares / count == doctest::Approx(1.0).epsilon(0.03));
  for (int bin : below) CHECK(bin == doctest::Approx(count / 3.0).epsilon(0.03));
}

TEST_CASE("initializers keep their bounds and spread") {
  const RandomStream stream(3, RandomPurpose::initialization);
  Tensor tensor(Shape{100, 200});
  initialize({Initializer::Kind::glorot_uniform, 100, 200}, stream, tensor);
  const float limit = std::sqrt(6.0f / 300.0f);
  double squares = 0;
  for (float value : tensor.values()) {
    CHECK_MESSAGE(std::abs(value) <= limit, value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  CHECK(squares / 20000 == doctest::Approx(2.0 / 300).epsilon(0.03));
  initialize({Initializer::Kind::truncated_normal, 1, 1, 0.5f}, stream, tensor);
  for (float value : tensor.values()) CHECK_MESSAGE(std::abs(value) <= 1.0f, value);
  initialize({Initializer::Kind::he_normal, 50, 1}, stream, tensor);
  squares = 0;
  for (float value : tensor.values()) squares += static_cast<double>(value) * static_cast<double>(value);
  CHECK(squares / 20000 == doctest::Approx(2.0 / 50).epsilon(0.04));
}

TEST_CASE("an initializer's own values are taken as they are, and must be as many as the elements") {
  const RandomStream stream(3, RandomPurpose::initialization);
  Tensor tensor(Shape{2, 2});
  initialize({.kind = Initializer::Kind::values, .values = {1, -2, 0.1f, 4}}, stream, tensor);
  CHECK(std::ranges::equal(tensor.values(), std::array{1.0f, -2.0f, 0.1f, 4.0f}));
  CHECK_THROWS_AS(initialize({.kind = Initializer::Kind::values, .values = {1}}, stream, tensor), Error);
}
