#include "kernels/cpu/random/normal_numbers.h"

#include <doctest/doctest.h>

#include <bit>

using namespace petal;

TEST_CASE("normal numbers drawn side by side are those drawn one by one, to the last bit") {
  for (const std::uint32_t sample : {0u, 7u}) {
    const RandomStream random(99, RandomPurpose::dropout, 2, sample, 5);
    std::uint32_t different = 0;
    for (std::uint32_t first = 0; first < 200'000; first += cpu::normals_at_once) {
      float normals[cpu::normals_at_once];
      cpu::draw_normals(random, first, normals);
      for (std::uint32_t i = 0; i < cpu::normals_at_once; ++i) {
        const float expected = random.normal(first + i);
        different += std::bit_cast<std::uint32_t>(normals[i]) != std::bit_cast<std::uint32_t>(expected);
      }
    }
    CHECK(different == 0);
  }
}
