#include "kernels/cpu/convolution/winograd_tile.h"

#include <array>

#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// Points 0, +-p, ... and infinity, as many as a line has.
template <int points>
struct Points;
template <>
struct Points<6> {
  static constexpr int pairs = 2;
  static constexpr double of[pairs] = {0.625, 1.75};
};
template <>
struct Points<10> {
  static constexpr int pairs = 4;
  static constexpr double of[pairs] = {0.375, 0.875, 1.25, 2};
};

// The polynomial of the squares (x - p^2) of all pairs but one, by rising powers.
template <int points, int left_out>
constexpr auto product_of_squares() {
  std::array<double, points / 2> coefficients = {1};
  for (int pair = 0; pair < Points<points>::pairs; ++pair) {
    if (pair == left_out) continue;
    const double square = Points<points>::of[pair] * Points<points>::of[pair];
    for (std::size_t power = coefficients.size() - 1; power > 0; --power)
      coefficients[power] = coefficients[power - 1] - square * coefficients[power];
    coefficients[0] *= -square;
  }
  return coefficients;
}

// Every second of `line` from `first` on, times the polynomial's coefficients.
template <int points, int left_out, class Vector>
PETAL_INLINE void sum_line(const Vector (&line)[points], int first, Vector& sum) {
  static constexpr auto coefficients = product_of_squares<points, left_out>();
  constexpr int highest = left_out < 0 ? Points<points>::pairs : Points<points>::pairs - 1;
  sum = line[first + 2 * highest];
  PETAL_UNROLL for (int power = highest - 1; power >= 0; --power) {
    sum += static_cast<float>(coefficients[static_cast<std::size_t>(power)]) * line[first + 2 * power];
  }
}

template <int pair, class Vector, int points>
PETAL_INLINE void transform_src_pair(const Vector (&line)[points], Vector (&values)[points]) {
  constexpr auto point = static_cast<float>(Points<points>::of[pair]);
  Vector even, odd;
  sum_line<points, pair>(line, 2, even);
  sum_line<points, pair>(line, 1, odd);
  values[1 + 2 * pair] = even + point * odd;
  values[2 + 2 * pair] = even - point * odd;
}

template <class Vector, int points>
PETAL_INLINE void transform_src(const Vector (&line)[points], Vector (&values)[points]) {
  if constexpr (points == 1) {
    values[0] = line[0];
  } else {
    sum_line<points, -1>(line, 0, values[0]);
    transform_src_pair<0>(line, values);
    transform_src_pair<1>(line, values);
    if constexpr (points == 10) {
      transform_src_pair<2>(line, values);
      transform_src_pair<3>(line, values);
    }
    sum_line<points, -1>(line, 1, values[points - 1]);
  }
}

constexpr double power_of(double base, int exponent) {
  return exponent == 0 ? 1 : base * power_of(base, exponent - 1);
}

template <class Vector, int points, int pixels>
PETAL_INLINE void transform_dst(const Vector (&products)[points], Vector (&sums)[pixels]) {
  PETAL_UNROLL for (int pixel = 0; pixel < pixels; ++pixel) sums[pixel] = Vector{};
  sums[0] += products[0];
  if constexpr (points > 1) {
    sums[pixels - 1] += products[points - 1];
    PETAL_UNROLL for (int pair = 0; pair < Points<points>::pairs; ++pair) {
      const Vector even = products[1 + 2 * pair] + products[2 + 2 * pair];
      const Vector odd = products[1 + 2 * pair] - products[2 + 2 * pair];
      PETAL_UNROLL for (int pixel = 0; pixel < pixels; ++pixel) {
        const auto power = static_cast<float>(power_of(Points<points>::of[pair], pixel));
        sums[pixel] += power * (pixel % 2 == 0 ? even : odd);
      }
    }
  }
}

// In double, as the factor's rounding would be in every product.
using Doubles = double __attribute__((vector_size(64)));

// Lagrange's: one by the product of a point's distances to the others; of 0 and of each pair.
template <int points>
constexpr auto factors_of() {
  std::array<double, Points<points>::pairs + 1> divisors{1};
  for (int pair = 0; pair < Points<points>::pairs; ++pair) {
    const double square = Points<points>::of[pair] * Points<points>::of[pair];
    double& divisor = divisors[static_cast<std::size_t>(pair) + 1];
    divisors[0] *= -square;
    divisor = 2 * square;
    for (int other = 0; other < Points<points>::pairs; ++other)
      if (other != pair) divisor *= square - Points<points>::of[other] * Points<points>::of[other];
  }
  for (double& divisor : divisors) divisor = 1 / divisor;
  return divisors;
}

template <int taps, int points>
PETAL_INLINE void transform_kernel(const Doubles (&line)[taps], Doubles (&values)[points]) {
  if constexpr (points == 1) {
    values[0] = line[0];
  } else {
    static constexpr auto factors = factors_of<points>();
    values[0] = line[0] * factors[0];
    for (int p = 1; p < points - 1; ++p) {
      const int pair = (p - 1) / 2;
      const double point = p % 2 == 1 ? Points<points>::of[pair] : -Points<points>::of[pair];
      Doubles sum = line[taps - 1];
      for (int tap = taps - 2; tap >= 0; --tap) sum = sum * point + line[tap];
      values[p] = sum * factors[static_cast<std::size_t>(pair) + 1];
    }
    values[points - 1] = line[taps - 1];
  }
}

template <int height, int width>
void transform_kernel_tile(const WinogradKernelTile& tile) {
  constexpr int rows = points_of(height), columns = points_of(width);
  Avx2::run([&]() PETAL_LOOP {
    Doubles lines[columns][height];
    PETAL_UNROLL for (int y = 0; y < height; ++y) {
      Doubles line[width], values[columns];
      PETAL_UNROLL for (int x = 0; x < width; ++x) {
        Floats numbers;
        load(tile.kernel + (y * width + x) * tile.tap_step, lanes, numbers);
        line[x] = __builtin_convertvector(numbers, Doubles);
      }
      transform_kernel(line, values);
      PETAL_UNROLL for (int x = 0; x < columns; ++x) lines[x][y] = values[x];
    }
    PETAL_UNROLL for (int x = 0; x < columns; ++x) {
      Doubles values[rows];
      transform_kernel(lines[x], values);
      PETAL_UNROLL for (int y = 0; y < rows; ++y) {
        const Floats numbers = __builtin_convertvector(values[y], Floats);
        store(numbers, lanes, tile.values + (y * columns + x) * tile.point_step);
      }
    }
  });
}

template <class Code, int height, int width>
void transform_src_tile(const WinogradSrcTile& tile) {
  constexpr int rows = points_of(height), columns = points_of(width);
  using Vector = typename Code::Vector;
  Code::run([&]() PETAL_LOOP {
    for (std::int64_t c = 0; c < tile.channels; c += lanes_of<Vector>) {
      Vector lines[columns][rows];
      PETAL_UNROLL for (int y = 0; y < rows; ++y) {
        Vector line[columns], values[columns];
        PETAL_UNROLL for (int x = 0; x < columns; ++x) load_whole(tile.src[y * columns + x] + c, line[x]);
        transform_src(line, values);
        PETAL_UNROLL for (int x = 0; x < columns; ++x) lines[x][y] = values[x];
      }
      PETAL_UNROLL for (int x = 0; x < columns; ++x) {
        Vector values[rows];
        transform_src(lines[x], values);
        PETAL_UNROLL for (int y = 0; y < rows; ++y) {
          store_whole(values[y], tile.values + (y * columns + x) * tile.step + c);
        }
      }
    }
  });
}

template <class Vector>
PETAL_INLINE void finish(const WinogradDstTile& tile, int pixel, std::int64_t filter, Vector& sum) {
  if (!tile.dst[pixel]) return;
  Vector term;
  if (tile.bias) {
    load_whole(tile.bias + filter, term);
    sum += term;
  }
  if (tile.residual) {
    load_whole(tile.residual[pixel] + filter, term);
    sum += term;
  }
  // A NaN stays one.
  sum = sum < tile.least ? Vector{} + tile.least : sum;
  sum = sum > tile.most ? Vector{} + tile.most : sum;
  store_whole(sum, tile.dst[pixel] + filter);
}

template <class Code, int height, int width>
void transform_dst_tile(const WinogradDstTile& tile) {
  constexpr int rows = points_of(height), columns = points_of(width);
  constexpr int dst_rows = tile_length(height), dst_columns = tile_length(width);
  using Vector = typename Code::Vector;
  Code::run([&]() PETAL_LOOP {
    for (std::int64_t f = 0; f < tile.filters; f += lanes_of<Vector>) {
      Vector lines[dst_rows][columns];
      PETAL_UNROLL for (int x = 0; x < columns; ++x) {
        Vector products[rows], sums[dst_rows];
        PETAL_UNROLL for (int y = 0; y < rows; ++y) {
          load_whole(tile.products + (y * columns + x) * tile.step + f, products[y]);
        }
        transform_dst(products, sums);
        PETAL_UNROLL for (int y = 0; y < dst_rows; ++y) lines[y][x] = sums[y];
      }
      PETAL_UNROLL for (int y = 0; y < dst_rows; ++y) {
        Vector sums[dst_columns];
        transform_dst(lines[y], sums);
        PETAL_UNROLL for (int x = 0; x < dst_columns; ++x) finish(tile, y * dst_columns + x, f, sums[x]);
      }
    }
  });
}

template <class Code, int height, int width>
constexpr WinogradTileFunctions functions_of() {
  return {transform_kernel_tile<height, width>, transform_src_tile<Code, height, width>,
          transform_dst_tile<Code, height, width>};
}

template <class Code>
WinogradTileFunctions functions_of(std::int64_t height, std::int64_t width) {
  static constexpr WinogradTileFunctions functions[3][3] = {
      {{}, functions_of<Code, 1, 3>(), functions_of<Code, 1, 5>()},
      {functions_of<Code, 3, 1>(), functions_of<Code, 3, 3>(), functions_of<Code, 3, 5>()},
      {functions_of<Code, 5, 1>(), functions_of<Code, 5, 3>(), functions_of<Code, 5, 5>()}};
  if (height == 7 && width == 1) return functions_of<Code, 7, 1>();
  if (height == 1 && width == 7) return functions_of<Code, 1, 7>();
  if (height > 5 || width > 5 || height % 2 == 0 || width % 2 == 0) return {};
  return functions[height / 2][width / 2];
}

}  // namespace

WinogradTileFunctions winograd_tile_functions(std::int64_t height, std::int64_t width, bool wide) {
  return wide ? functions_of<Avx512>(height, width) : functions_of<Avx2>(height, width);
}

}  // namespace petal::cpu
