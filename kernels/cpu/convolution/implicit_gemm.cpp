#include "kernels/cpu/convolution/implicit_gemm.h"

#include <algorithm>

#include "kernels/cpu/convolution/gemm_tile.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// The weights of a panel of two vectors over so many (tap, channel) pairs are half of a first cache of 32
// KiB, with AVX-512 two thirds of one of 48.
constexpr std::int64_t deepest = 256;
// With as many channels, the pixels of a block take 192 KiB of the second cache. Divisible by the tiles.
constexpr std::int64_t block_pixels = 192;

}  // namespace

ImplicitGemm::ImplicitGemm(const Window& window, std::int64_t channels, std::int64_t filters, float least,
                           float most, const KernelLayout& layout)
    : window_(window),
      channels_(channels),
      filters_(filters),
      joined_columns_(channels < lanes && window.dilation.width == 1 &&
                              layout.tap == channels * layout.channel
                          ? window.kernel.width
                          : 1),
      least_(least),
      most_(most),
      layout_(layout),
      packed_filters_((filters + widest_lanes() - 1) / widest_lanes() * widest_lanes()),
      zeros_(static_cast<std::size_t>(tap_channels())) {
  // Panels of two vectors; an odd one more makes the last one of three.
  const std::int64_t width = widest_lanes();
  for (std::int64_t filter = 0; filter < filters;) {
    const std::int64_t left = (filters - filter + width - 1) / width;
    const int vectors = left == 3 ? 3 : static_cast<int>(std::min<std::int64_t>(2, left));
    panels_.push_back({filter, vectors});
    filter += vectors * width;
  }
  const std::int64_t depth = tap_channels();
  const std::int64_t parts = (depth + deepest - 1) / deepest;  // of a tap
  const std::int64_t together = std::max<std::int64_t>(1, deepest / depth);
  std::int64_t before = 0;
  const std::int64_t steps = (taps() + together - 1) / together;
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::int64_t tap = taps() * step / steps, end = taps() * (step + 1) / steps;
    for (std::int64_t part = 0; part < parts; ++part) {
      const std::int64_t channel = depth * part / parts;
      depth_blocks_.push_back({tap, end - tap, channel, depth * (part + 1) / parts - channel, before});
      before += depth_blocks_.back().taps * depth_blocks_.back().channels;
    }
  }
}

// A 1x1 of all pixels: what a pixel of dst reads is a pixel of src.
bool ImplicitGemm::is_pitched() const {
  return window_.kernel == Size2D{1, 1} && window_.strides == Size2D{1, 1} && window_.input == window_.output;
}

void ImplicitGemm::pack(const float* kernel, float* packed) const {
  for (const DepthBlock& depth : depth_blocks_) {
    for (const Panel& panel : panels_) {
      for (std::int64_t tap = depth.tap; tap < depth.tap + depth.taps; ++tap) {
        for (std::int64_t c = depth.channel; c < depth.channel + depth.channels; ++c) {
          const float* from = kernel + layout_.start + tap * joined_columns_ * layout_.tap +
                              c * layout_.channel + panel.filter * layout_.filter;
          const std::int64_t all = panel.vectors * widest_lanes();
          const std::int64_t count = std::min(all, filters_ - panel.filter);
          for (std::int64_t f = 0; f < count; ++f) packed[f] = from[f * layout_.filter];
          std::fill(packed + count, packed + all, 0.0f);
          packed += all;
        }
      }
    }
  }
}

ImplicitGemm::Range ImplicitGemm::filters(Range panels) const {
  const auto first = [&](std::int64_t p) {
    return p == this->panels() ? filters_ : panels_[static_cast<std::size_t>(p)].filter;
  };
  return {first(panels.begin), first(panels.end)};
}

// The rows' pointers; behind them, of joined taps, copies of those that reach over an edge.
std::size_t ImplicitGemm::scratch_bytes() const {
  if (is_pitched()) return 0;
  const std::int64_t copied = joins_columns() ? tap_channels() : 0;
  return static_cast<std::size_t>(taps() * block_pixels) *
         (sizeof(const float*) + static_cast<std::size_t>(copied) * sizeof(float));
}

void ImplicitGemm::run(const Operands& operands, Range pixels, Range panels, std::byte* scratch) const {
  const auto rows = is_pitched() ? nullptr : reinterpret_cast<const float* const*>(scratch);
  for (std::int64_t begin = pixels.begin; begin < pixels.end; begin += block_pixels) {
    const Range block = {begin, std::min(pixels.end, begin + block_pixels)};
    if (rows) set_rows(operands.src, block, scratch);
    for (const DepthBlock& depth : depth_blocks_) {
      for (std::int64_t p = panels.begin; p < panels.end; ++p)
        run_panel(operands, depth, panels_[static_cast<std::size_t>(p)], block, rows);
    }
  }
}

// Where each tap of each pixel reads: rows[tap * block_pixels + pixel].
void ImplicitGemm::set_rows(const float* src, Range pixels, std::byte* scratch) const {
  const auto rows = reinterpret_cast<const float**>(scratch);
  const auto edges = reinterpret_cast<float*>(rows + taps() * block_pixels);
  const std::int64_t taps_a_row = window_.kernel.width / joined_columns_;
  const std::int64_t width = window_.output.width, height = window_.output.height;
  const std::int64_t image = window_.input.height * window_.input.width * channels_;
  for (std::int64_t pixel = pixels.begin; pixel < pixels.end;) {
    const std::int64_t x = pixel % width, y = pixel / width % height;
    const Range columns = {x, std::min(width, x + pixels.end - pixel)};
    for (std::int64_t tap = 0; tap < taps(); ++tap) {
      const std::int64_t row =
          y * window_.strides.height - window_.padding.top + tap / taps_a_row * window_.dilation.height;
      const std::int64_t at = tap * block_pixels + (pixel - pixels.begin);
      const float* from = src + pixel / (width * height) * image + row * window_.input.width * channels_;
      if (row < 0 || row >= window_.input.height) {
        std::fill_n(rows + at, columns.end - columns.begin, zeros_.data());
      } else if (joins_columns()) {
        set_joined_row(from, columns, rows + at, edges + at * tap_channels());
      } else {
        set_row(from, tap, columns, rows + at);
      }
    }
    pixel += columns.end - columns.begin;
  }
}

// The columns of dst whose `length` columns of src, from the column `first` on, lie inside.
ImplicitGemm::Range ImplicitGemm::inside(Range columns, std::int64_t first, std::int64_t length) const {
  const std::int64_t stride = window_.strides.width, last = window_.input.width - length - first;
  const std::int64_t begin = first < 0 ? (-first + stride - 1) / stride : 0;
  const std::int64_t end = last < 0 ? 0 : last / stride + 1;
  const std::int64_t clamped = std::clamp(begin, columns.begin, columns.end);
  return {clamped, std::clamp(end, clamped, columns.end)};
}

void ImplicitGemm::set_row(const float* src, std::int64_t tap, Range columns, const float** rows) const {
  const std::int64_t first = tap % window_.kernel.width * window_.dilation.width - window_.padding.left;
  const Range whole = inside(columns, first, 1);
  const std::int64_t step = window_.strides.width * channels_;
  std::fill(rows, rows + (whole.begin - columns.begin), zeros_.data());
  const float* from = src + first * channels_ + whole.begin * step;
  for (std::int64_t x = whole.begin; x < whole.end; ++x, from += step) rows[x - columns.begin] = from;
  std::fill(rows + (whole.end - columns.begin), rows + (columns.end - columns.begin), zeros_.data());
}

void ImplicitGemm::set_joined_row(const float* src, Range columns, const float** rows, float* edges) const {
  const Range whole = inside(columns, -window_.padding.left, joined_columns_);
  const std::int64_t step = window_.strides.width * channels_;
  const float* from = src - window_.padding.left * channels_ + whole.begin * step;
  for (std::int64_t x = whole.begin; x < whole.end; ++x, from += step) rows[x - columns.begin] = from;
  const auto copy = [&](std::int64_t x) {
    const std::int64_t column = x * window_.strides.width - window_.padding.left;
    const std::int64_t begin = std::max<std::int64_t>(column, 0);
    const std::int64_t end = std::min(column + joined_columns_, window_.input.width);
    float* edge = edges + (x - columns.begin) * tap_channels();
    std::fill_n(edge, tap_channels(), 0.0f);
    if (begin < end)
      std::copy_n(src + begin * channels_, (end - begin) * channels_, edge + (begin - column) * channels_);
    rows[x - columns.begin] = edge;
  };
  for (std::int64_t x = columns.begin; x < whole.begin; ++x) copy(x);
  for (std::int64_t x = whole.end; x < columns.end; ++x) copy(x);
}

void ImplicitGemm::run_panel(const Operands& operands, const DepthBlock& depth, const Panel& panel,
                             Range pixels, const float* const* rows) const {
  const std::int64_t pairs = depth.taps * depth.channels;
  const std::int64_t step = operands.dst_step > 0 ? operands.dst_step : filters_;
  const std::int64_t at = (pixels.begin - operands.dst_first) * step + panel.filter - operands.dst_filter;
  const std::int64_t last_vector = panel.filter + (panel.vectors - 1) * widest_lanes();
  GemmTile tile{.src = rows ? rows + depth.tap * block_pixels : nullptr,
                .pitched_src = rows ? nullptr : operands.src + pixels.begin * channels_,
                .src_step = rows ? block_pixels : channels_,
                .taps = depth.taps,
                .first_channel = depth.channel,
                .channels = depth.channels,
                .weights = operands.weights + depth.before * packed_filters_ + pairs * panel.filter,
                .bias = operands.bias ? operands.bias + panel.filter : nullptr,
                .residual = operands.residual ? operands.residual + at : nullptr,
                .dst = operands.dst + at,
                .dst_step = step,
                .last_filters = std::min(widest_lanes(), filters_ - last_vector),
                .first = &depth == &depth_blocks_.front(),
                .last = &depth == &depth_blocks_.back(),
                .least = least_,
                .most = most_};
  const auto run_tiles = [&](std::int64_t size, std::int64_t count) {
    if (count == 0) return;
    run_gemm_tiles(tile, size, panel.vectors, count);
    if (rows) {
      tile.src += size * count;
    } else {
      tile.pitched_src += size * count * channels_;
    }
    tile.dst += size * count * step;
    if (tile.residual) tile.residual += size * count * step;
  };
  const std::int64_t most = gemm_tile_pixels(panel.vectors);
  const std::int64_t all = pixels.end - pixels.begin, left = all % most;
  // The last two share what is left: a tile of one or two pixels takes as long as one of four.
  const bool share = all > most && left > 0 && left < 4;
  run_tiles(most, all / most - (share ? 1 : 0));
  const std::int64_t rest = left + (share ? most : 0);
  if (!share) return run_tiles(left, left > 0 ? 1 : 0);
  run_tiles((rest + 1) / 2, 1);
  run_tiles(rest / 2, 1);
}

}  // namespace petal::cpu
