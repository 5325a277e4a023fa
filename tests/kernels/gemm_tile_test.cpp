#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/cpu/convolution/gemm_tile.h"
#include "kernels/cpu/vectors.h"

// Every tile that the widest vectors at hand have, beside sums in double.
namespace petal::testing {
namespace {

struct Form {
  std::int64_t pixels;
  int vectors;
  bool pitched, first, residual, partial;
};

std::vector<float> random_numbers(std::int64_t count) {
  static std::mt19937 random(7);
  std::uniform_real_distribution<float> numbers(-1, 1);
  std::vector<float> all(static_cast<std::size_t>(count));
  std::ranges::generate(all, [&] { return numbers(random); });
  return all;
}

// Two tiles side by side, of 2 taps (pitched: 1) and 7 of 9 channels.
void check(const Form& form) {
  const std::int64_t lanes = cpu::widest_lanes(), row = 9, first_channel = 1, channels = 7, count = 2;
  const std::int64_t taps = form.pitched ? 1 : 2, panel = form.vectors * lanes;
  const std::int64_t filters = form.partial ? panel - 8 : panel, step = filters + 3;
  const std::int64_t pixels = form.pixels * count;
  const std::vector<float> src = random_numbers(taps * pixels * row), bias = random_numbers(filters);
  const std::vector<float> residual = random_numbers(pixels * step), before = random_numbers(pixels * step);
  std::vector<float> weights = random_numbers(taps * channels * panel);
  std::vector<const float*> rows;
  for (std::int64_t i = 0; i < taps * pixels; ++i) rows.push_back(src.data() + i * row);
  std::vector<float> dst = before;
  cpu::run_gemm_tiles({.src = form.pitched ? nullptr : rows.data(),
                       .pitched_src = src.data(),
                       .src_step = form.pitched ? row : pixels,
                       .taps = taps,
                       .first_channel = first_channel,
                       .channels = channels,
                       .weights = weights.data(),
                       .bias = bias.data(),
                       .residual = form.residual ? residual.data() : nullptr,
                       .dst = dst.data(),
                       .dst_step = step,
                       .last_filters = filters - (form.vectors - 1) * lanes,
                       .first = form.first,
                       .last = true,
                       .least = -1.5f,
                       .most = 1.75f},
                      form.pixels, form.vectors, count);
  double error = 0;
  std::int64_t overwritten = 0;
  for (std::int64_t p = 0; p < pixels; ++p) {
    for (std::int64_t f = 0; f < step; ++f) {
      const auto at = static_cast<std::size_t>(p * step + f);
      if (f >= filters) {
        overwritten += dst[at] != before[at];
        continue;
      }
      double sum = form.first ? bias[static_cast<std::size_t>(f)] : before[at];
      if (form.first && form.residual) sum += residual[at];
      for (std::int64_t i = 0; i < taps * channels; ++i) {
        const std::int64_t from = (i / channels * pixels + p) * row + first_channel + i % channels;
        sum += static_cast<double>(src[static_cast<std::size_t>(from)]) *
               weights[static_cast<std::size_t>(i * panel + f)];
      }
      error = std::max(error, std::abs(std::clamp(sum, -1.5, 1.75) - dst[at]));
    }
  }
  CHECK(error < 2e-6);
  CHECK(overwritten == 0);
}

}  // namespace

TEST_CASE("a tile of the product computes its pixels and filters, and writes no others") {
  if (!cpu::has_avx2()) {
    MESSAGE("skipped: it is for AVX2 and AVX-512");
    return;
  }
  for (int vectors = 1; vectors <= 3; ++vectors) {
    for (std::int64_t pixels = 1; pixels <= cpu::gemm_tile_pixels(vectors); ++pixels) {
      for (int kind = 0; kind < 16; ++kind) {
        const Form form{.pixels = pixels,
                        .vectors = vectors,
                        .pitched = (kind & 1) != 0,
                        .first = (kind & 2) != 0,
                        .residual = (kind & 4) != 0,
                        .partial = (kind & 8) != 0 && cpu::has_avx512()};
        CAPTURE(vectors);
        CAPTURE(pixels);
        CAPTURE(kind);
        check(form);
      }
    }
  }
}

}  // namespace petal::testing
