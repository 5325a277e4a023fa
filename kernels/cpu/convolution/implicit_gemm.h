#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/layers/parts.h"

namespace petal::cpu {

// A convolution of one group over NHWC as a matrix product that reads src in place: blocks of pixels whose
// src stays in the core's second cache, times panels of filters that stay in its first (Goto and van de Geijn
// 2008), in tiles of gemm_tile.h. Ask has_avx2() first.
class ImplicitGemm {
 public:
  // How a kernel lies in memory: where its first element is, and how many elements lie from one tap, channel
  // and filter to the next.
  struct KernelLayout {
    std::int64_t start, tap, channel, filter;
  };

  // dst is cut to [least, most]. `filters` is a multiple of 8.
  ImplicitGemm(const Window& window, std::int64_t channels, std::int64_t filters, float least, float most,
               const KernelLayout& layout);
  // Of a kernel that lies as Keras's, (kh, kw, C, filters).
  ImplicitGemm(const Window& window, std::int64_t channels, std::int64_t filters, float least, float most)
      : ImplicitGemm(window, channels, filters, least, most, {0, channels * filters, filters, 1}) {}

  std::int64_t packed_elements() const { return taps() * tap_channels() * packed_filters_; }
  // Writes packed_elements() numbers as run() reads them.
  void pack(const float* kernel, float* packed) const;

  struct Operands {
    const float* src;       // (N, H, W, C)
    const float* weights;   // packed
    const float* bias;      // (filters), or null
    const float* residual;  // added before the cut: lies as dst does and may be dst itself; or null
    float* dst;             // (N, H, W, filters) from pixel dst_first on
    std::int64_t dst_first = 0;
    std::int64_t dst_filter = 0;  // dst begins with this filter
    std::int64_t dst_step = 0;    // elements from one pixel of dst to the next; 0: filters
  };
  struct Range {
    std::int64_t begin, end;
  };
  // Computes the pixels [begin, end) of dst, counted over N, H and W, for some of the panels.
  void run(const Operands& operands, Range pixels, Range panels, std::byte* scratch) const;
  std::size_t scratch_bytes() const;  // of one run at a time

  std::int64_t panels() const { return static_cast<std::int64_t>(panels_.size()); }
  std::int64_t parts_an_image() const { return window_.output.height * window_.output.width; }
  Range filters(Range panels) const;  // that these panels compute

 private:
  // Some filters: so many vectors, of which the last one may be filled in part.
  struct Panel {
    std::int64_t filter;
    int vectors;
  };
  // What is summed in one go: some channels of some taps, and how many (tap, channel) pairs come before.
  struct DepthBlock {
    std::int64_t tap, taps, channel, channels, before;
  };

  bool is_pitched() const;
  // A kernel of few channels takes its row's taps as one: they are neighbours in src.
  bool joins_columns() const { return joined_columns_ > 1; }
  std::int64_t taps() const { return window_.kernel.height * window_.kernel.width / joined_columns_; }
  std::int64_t tap_channels() const { return channels_ * joined_columns_; }
  void set_rows(const float* src, Range pixels, std::byte* scratch) const;
  Range inside(Range columns, std::int64_t first, std::int64_t length) const;
  void set_row(const float* src, std::int64_t tap, Range columns, const float** rows) const;
  void set_joined_row(const float* src, Range columns, const float** rows, float* edges) const;
  void run_panel(const Operands& operands, const DepthBlock& depth, const Panel& panel, Range pixels,
                 const float* const* rows) const;

  Window window_;
  std::int64_t channels_, filters_;
  std::int64_t joined_columns_;  // of the kernel
  float least_, most_;
  KernelLayout layout_;
  std::vector<Panel> panels_;
  std::int64_t packed_filters_;  // in whole vectors
  std::vector<DepthBlock> depth_blocks_;
  std::vector<float> zeros_;  // a pixel of the padding
};

}  // namespace petal::cpu
