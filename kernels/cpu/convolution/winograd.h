#pragma once

#include <array>

#include "kernels/cpu/convolution/implicit_gemm.h"
#include "kernels/cpu/convolution/winograd_tile.h"

namespace petal::cpu {

// A convolution of one group, strides and dilation of 1 and small kernel over NHWC, in tiles of
// winograd_tile.h: a block's tiles are transformed, multiplied as a matrix product a point, and transformed
// back. A 3x3 kernel takes 36 multiply-adds for 16 pixels where the sum of products takes 144.
class Winograd {
 public:
  using Operands = ImplicitGemm::Operands;  // of whole images: dst_first is 0
  using Range = ImplicitGemm::Range;

  // Whether there is a form for this window and these channels.
  static bool has(const Window& window, std::int64_t channels, std::int64_t filters);
  // Whether that takes less time than an ImplicitGemm over so many images, with a kernel that is packed once,
  // or anew for each run.
  static bool pays(const Window& window, std::int64_t channels, std::int64_t filters, std::int64_t images,
                   bool constant_kernel);

  // How the kernel that is packed lies: as Keras's, (kh, kw, C, filters), or turned by half a circle with
  // channels and filters exchanged, (kh, kw, filters, C) from the last tap back.
  enum class KernelLayout { plain, turned };
  // dst is cut to [least, most].
  Winograd(const Window& window, std::int64_t channels, std::int64_t filters, float least, float most,
           KernelLayout layout = KernelLayout::plain);

  // Of the transformed kernel: a number a point, channel and filter.
  std::int64_t packed_elements() const { return points() * gemm_.packed_elements(); }
  void pack(const float* kernel, float* packed) const;

  // Computes the tiles [begin, end) of dst, counted over N, rows and columns, for some of the panels.
  void run(const Operands& operands, Range tiles, Range panels, std::byte* scratch) const;
  std::size_t scratch_bytes() const;  // of one run at a time

  std::int64_t panels() const { return gemm_.panels(); }
  std::int64_t parts_an_image() const { return grid_.height * grid_.width; }

 private:
  std::int64_t points() const { return points_of(window_.kernel.height) * points_of(window_.kernel.width); }
  // A turned kernel as a plain one.
  std::vector<float> turn_back(const float* kernel) const;
  // Elements from one point's numbers of a block to the next's.
  std::int64_t src_step() const;
  std::int64_t dst_step() const;
  void transform_src(const float* src, std::int64_t tile, float* values) const;
  void transform_dst(const Operands& operands, std::int64_t tile, Range filters, const float* products) const;

  Window window_;
  std::int64_t channels_, filters_;
  float least_, most_;
  KernelLayout layout_;
  Size2D tile_;  // pixels of dst
  Size2D grid_;  // tiles of an image
  std::int64_t block_tiles_;
  ImplicitGemm gemm_;  // of a point
  WinogradTileFunctions functions_;
  std::vector<float> zeros_;  // a pixel of the padding
};

}  // namespace petal::cpu
