#include "kernels/cpu/random/normal_numbers.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// Logarithm and cosine of vectors, to within a few units of the last place of a double. The methods and the
// constants are those of FDLIBM (Sun Microsystems 1993: e_log.c, k_sin.c, k_cos.c, e_rem_pio2.c).

constexpr double whole = 0x1p52;  // a number of 52 bits under this one's exponent is 2^52 more than itself
constexpr std::uint64_t whole_bits = std::bit_cast<std::uint64_t>(whole);

PETAL_INLINE double to_double(std::uint64_t bits32) {
  return std::bit_cast<double>(bits32 | whole_bits) - whole;
}

// Of positive normal numbers.
PETAL_INLINE double logarithm(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t fraction = bits & 0x000fffffffffffff;
  // x = 2^k * (1 + f), 1 + f between the square roots of 1/2 and 2.
  const std::uint64_t above = (fraction + 0x00095f6400000000) & 0x0010000000000000;
  const double f = std::bit_cast<double>(fraction | (above ^ 0x3ff0000000000000)) - 1.0;
  const double k = to_double((bits >> 52) + (above >> 52)) - 1023.0;
  const double s = f / (2.0 + f), z = s * s, w = z * z;
  const double odd =
      z * (6.666666666666735130e-01 +
           w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  const double even =
      w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double half_square = 0.5 * f * f;
  return k * 6.93147180369123816490e-01 -
         ((half_square - (s * (half_square + odd + even) + k * 1.90821492927058770002e-10)) - f);
}

// Of angles from 0 to 2 pi.
PETAL_INLINE double cosine(double angle) {
  // angle = k * pi / 2 + r; the first two parts of pi / 2 are so short that their products with k are exact.
  const double shifted = angle * (2.0 / std::numbers::pi) + 1.5 * whole;
  const double k = shifted - 1.5 * whole;
  const double r = ((angle - k * 1.57079632673412561417e+00) - k * 6.07710050630396597660e-11) -
                   k * 2.02226624879595063154e-21;
  const double z = r * r;
  const double sine =
      r + r * z *
              (-1.66666666666666324348e-01 +
               z * (8.33333333332248946124e-03 +
                    z * (-1.98412698298579493134e-04 +
                         z * (2.75573137070700676789e-06 +
                              z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
  const double rest = z * z *
                      (4.16666666666666019037e-02 +
                       z * (-1.38888888888741095749e-03 +
                            z * (2.48015872894767294178e-05 +
                                 z * (-2.75573143513906633035e-07 +
                                      z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  const double half = 0.5 * z, most = 1.0 - half;
  const double even = most + (((1.0 - most) - half) + rest);
  // cos r, -sin r, -cos r, sin r.
  const auto quarter = std::bit_cast<std::uint64_t>(shifted);
  const double magnitude = (quarter & 1) != 0 ? sine : even;
  return ((quarter + 1) & 2) != 0 ? -magnitude : magnitude;
}

// Box-Muller's transform as RandomStream::normal has it, of a word with the radius's draw in its lower half.
PETAL_INLINE double normal(std::uint64_t word) {
  const double radius_draw = (to_double(word & 0xffffffff) + 1.0) * 0x1p-32;
  const double angle_draw = to_double(word >> 32) * 0x1p-32;
  return std::sqrt(-2.0 * logarithm(radius_draw)) * cosine(2.0 * std::numbers::pi * angle_draw);
}

}  // namespace

void draw_normals(const RandomStream& random, std::uint32_t first, float* normals) {
  std::uint32_t bits[random_bits_at_once];
  draw_bits(random, first / 2, bits);
  std::uint64_t words[normals_at_once];
  for (int i = 0; i < normals_at_once; ++i) {
    words[i] = bits[2 * i] | std::uint64_t{bits[2 * i + 1]} << 32;
  }
  // Where the double lies so near the middle between two floats that its last places decide, they are to be
  // those of RandomStream::normal.
  constexpr double error = 0x1p-48;
  std::int32_t near = 0;
  run_in_vectors([&]() PETAL_LOOP {
#pragma omp simd reduction(| : near)
    for (int i = 0; i < normals_at_once; ++i) {
      const double value = normal(words[i]);
      const auto low = static_cast<float>(value - error * value);
      const auto high = static_cast<float>(value + error * value);
      normals[i] = low;
      near |= low != high ? 1 : 0;
    }
  });
  if (near == 0) return;
  for (int i = 0; i < normals_at_once; ++i) {
    normals[i] = random.normal(first + static_cast<std::uint32_t>(i));
  }
}

}  // namespace petal::cpu
