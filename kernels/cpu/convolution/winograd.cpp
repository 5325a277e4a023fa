#include "kernels/cpu/convolution/winograd.h"

#include <algorithm>
#include <limits>

#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

Size2D tile_of(const Size2D& kernel) {
  return {tile_length(kernel.height), tile_length(kernel.width)};
}

Size2D grid_of(const Window& window) {
  const Size2D tile = tile_of(window.kernel);
  return {(window.output.height + tile.height - 1) / tile.height,
          (window.output.width + tile.width - 1) / tile.width};
}

// A block's tiles: a multiple of the product's 12 pixels. Few enough that what lies between the transforms
// stays in the second cache, but not fewer than make up for the kernel's way from memory.
std::int64_t block_tiles_of(std::int64_t points, std::int64_t channels, std::int64_t filters) {
  const std::int64_t cached = (has_avx512() ? 192 : 96) * 1024;  // floats
  return std::clamp<std::int64_t>(cached / (points * (channels + filters)) / 12 * 12, 24, 96);
}

bool fits_wide_vectors(std::int64_t channels, std::int64_t filters) {
  return has_avx512() && channels % lanes_of<WideFloats> == 0 && filters % lanes_of<WideFloats> == 0;
}

// What the product multiplies: the values of a block's tiles at a point, as a convolution of 1x1.
Window row_window(std::int64_t tiles) {
  const Size2D row = {1, tiles}, one = {1, 1};
  return {.input = row, .output = row, .kernel = one, .strides = one, .dilation = one, .padding = {}};
}

// Powers of two apart, the points' numbers of a channel would meet in the same few lines of the cache.
constexpr std::int64_t apart = 16;

}  // namespace

bool Winograd::has(const Window& window, std::int64_t channels, std::int64_t filters) {
  const Size2D one = {1, 1};
  return winograd_tile_functions(window.kernel.height, window.kernel.width, false).src &&
         window.strides == one && window.dilation == one && channels % lanes == 0 && filters % lanes == 0;
}

bool Winograd::pays(const Window& window, std::int64_t channels, std::int64_t filters, std::int64_t images,
                    bool constant_kernel) {
  const Size2D grid = grid_of(window);
  const std::int64_t tiles = images * grid.height * grid.width;
  const std::int64_t points = points_of(window.kernel.height) * points_of(window.kernel.width);
  const std::int64_t pixels = images * window.output.height * window.output.width;
  // In multiply-adds. A transform's about 7 instructions a point; a number of the kernel takes as long to
  // come from memory as 16 multiply-adds, and to be packed, while other threads wait, as 128.
  const std::int64_t before = 16 + (constant_kernel ? 0 : 128);
  const std::int64_t transforms = 7 * tiles * points * (channels + filters);
  const std::int64_t products = points * channels * filters * (tiles + before);
  return transforms + products < pixels * window.kernel.height * window.kernel.width * channels * filters;
}

Winograd::Winograd(const Window& window, std::int64_t channels, std::int64_t filters, float least, float most,
                   KernelLayout layout)
    : window_(window),
      channels_(channels),
      filters_(filters),
      least_(least),
      most_(most),
      layout_(layout),
      tile_(tile_of(window.kernel)),
      grid_(grid_of(window)),
      block_tiles_(block_tiles_of(points(), channels, filters)),
      gemm_(row_window(block_tiles_), channels, filters, -std::numeric_limits<float>::infinity(),
            std::numeric_limits<float>::infinity()),
      functions_(winograd_tile_functions(window.kernel.height, window.kernel.width,
                                         fits_wide_vectors(channels, filters))),
      zeros_(static_cast<std::size_t>(channels)) {}

void Winograd::pack(const float* kernel, float* packed) const {
  const std::int64_t pairs = channels_ * filters_;
  std::vector<float> plain;
  if (layout_ == KernelLayout::turned) {
    plain = turn_back(kernel);
    kernel = plain.data();
  }
  std::vector<float> values(static_cast<std::size_t>(points() * pairs));
  for (std::int64_t pair = 0; pair < pairs; pair += lanes)
    functions_.kernel({kernel + pair, pairs, values.data() + pair, pairs});
  for (std::int64_t point = 0; point < points(); ++point)
    gemm_.pack(values.data() + point * pairs, packed + point * gemm_.packed_elements());
}

std::vector<float> Winograd::turn_back(const float* kernel) const {
  const std::int64_t taps = window_.kernel.height * window_.kernel.width, pairs = channels_ * filters_;
  std::vector<float> plain(static_cast<std::size_t>(taps * pairs));
  float* to = plain.data();
  for (std::int64_t tap = taps - 1; tap >= 0; --tap) {
    for (std::int64_t c = 0; c < channels_; ++c) {
      for (std::int64_t f = 0; f < filters_; ++f) *to++ = kernel[tap * pairs + f * channels_ + c];
    }
  }
  return plain;
}

std::int64_t Winograd::src_step() const {
  return block_tiles_ * channels_ + apart;
}

std::int64_t Winograd::dst_step() const {
  return block_tiles_ * filters_ + apart;
}

std::size_t Winograd::scratch_bytes() const {
  return static_cast<std::size_t>(points() * (src_step() + dst_step())) * sizeof(float) +
         gemm_.scratch_bytes();
}

void Winograd::run(const Operands& operands, Range tiles, Range panels, std::byte* scratch) const {
  const auto values = reinterpret_cast<float*>(scratch);
  float* products = values + points() * src_step();
  const auto gemm_scratch = reinterpret_cast<std::byte*>(products + points() * dst_step());
  const Range filters = gemm_.filters(panels);
  for (std::int64_t begin = tiles.begin; begin < tiles.end; begin += block_tiles_) {
    const std::int64_t count = std::min(block_tiles_, tiles.end - begin);
    for (std::int64_t t = 0; t < count; ++t) transform_src(operands.src, begin + t, values + t * channels_);
    for (std::int64_t point = 0; point < points(); ++point) {
      const ImplicitGemm::Operands product{.src = values + point * src_step(),
                                           .weights = operands.weights + point * gemm_.packed_elements(),
                                           .bias = nullptr,
                                           .residual = nullptr,
                                           .dst = products + point * dst_step()};
      gemm_.run(product, {0, count}, panels, gemm_scratch);
    }
    for (std::int64_t t = 0; t < count; ++t)
      transform_dst(operands, begin + t, filters, products + t * filters_);
  }
}

void Winograd::transform_src(const float* src, std::int64_t tile, float* values) const {
  const auto [height, width] = window_.input;
  const std::int64_t image = tile / parts_an_image() * height * width;
  const std::int64_t top = tile / grid_.width % grid_.height * tile_.height - window_.padding.top;
  const std::int64_t left = tile % grid_.width * tile_.width - window_.padding.left;
  std::array<const float*, most_winograd_points> pixels;
  const float** pixel = pixels.data();
  for (std::int64_t y = top; y < top + points_of(window_.kernel.height); ++y) {
    for (std::int64_t x = left; x < left + points_of(window_.kernel.width); ++x) {
      const bool inside = y >= 0 && y < height && x >= 0 && x < width;
      *pixel++ = inside ? src + (image + y * width + x) * channels_ : zeros_.data();
    }
  }
  functions_.src({.src = pixels.data(), .channels = channels_, .values = values, .step = src_step()});
}

void Winograd::transform_dst(const Operands& operands, std::int64_t tile, Range filters,
                             const float* products) const {
  const auto [height, width] = window_.output;
  const std::int64_t image = tile / parts_an_image() * height * width;
  const std::int64_t top = tile / grid_.width % grid_.height * tile_.height;
  const std::int64_t left = tile % grid_.width * tile_.width;
  std::array<const float*, most_winograd_pixels> residual{};
  std::array<float*, most_winograd_pixels> dst{};
  std::size_t pixel = 0;
  for (std::int64_t y = top; y < top + tile_.height; ++y) {
    for (std::int64_t x = left; x < left + tile_.width; ++x, ++pixel) {
      if (y >= height || x >= width) continue;
      const std::int64_t at = (image + y * width + x) * filters_ + filters.begin;
      dst[pixel] = operands.dst + at;
      if (operands.residual) residual[pixel] = operands.residual + at;
    }
  }
  functions_.dst({.products = products + filters.begin,
                  .step = dst_step(),
                  .filters = filters.end - filters.begin,
                  .bias = operands.bias ? operands.bias + filters.begin : nullptr,
                  .residual = operands.residual ? residual.data() : nullptr,
                  .dst = dst.data(),
                  .least = least_,
                  .most = most_});
}

}  // namespace petal::cpu
