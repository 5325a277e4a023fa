#pragma once

#include <string>

#include "kernels/cuda/convolution/convolution.h"

namespace petal::cuda {

// A convolution as a library computes it, without its headers: so the tests compute what is described, and
// compare.

// What is done with the sums besides, in this order: a residual is added, the bias is added, what is below 0
// is cut off. cuDNN has engines for that on every generation where there is a bias, of the images' type; for
// relu6 none that is worth it.
struct Fusion {
  bool residual = false, bias = false, relu = false;
  bool any() const { return residual || bias || relu; }
  friend bool operator==(const Fusion&, const Fusion&) = default;
};

// One direction of a convolution of images (N, H, W, C) of one type, which the residual and the bias have
// too, with a kernel (F, KH, KW, C of a group) and sums in float32.
struct PackedConvolution {
  ConvolutionGeometry geometry;
  Direction direction = Direction::forward;
  DataType type = DataType::f32;         // of the images
  DataType kernel_type = DataType::f32;  // of the kernel: `type`; of its gradient, or float32
  Fusion fusion{};                       // forward alone
};

// How exactly is to be computed.
struct Exactness {
  bool tensor_float32 = false;  // products of 10 bits, on tensor cores
  bool deterministic = false;   // no engine that gives other bits from run to run
};

// Where its arrays, or their gradients, lie in the device's memory: its result is that of its direction.
struct ConvolutionArrays {
  std::byte *src = nullptr, *kernel = nullptr, *dst = nullptr;
  const std::byte *residual = nullptr, *bias = nullptr;  // where they are fused
  std::byte* workspace = nullptr;                        // workspace_bytes() of any content
  friend bool operator==(const ConvolutionArrays&, const ConvolutionArrays&) = default;
};

// A PackedConvolution as someone computes it: what a library has planned, or loops in the tests. run() only
// queues work; it binds the same arrays every time.
class PlannedConvolution {
 public:
  virtual ~PlannedConvolution() = default;
  virtual void run(const ConvolutionArrays& arrays) = 0;
  virtual std::size_t workspace_bytes() const = 0;
  virtual std::string name() const = 0;
};

// The type of the images that a library is to see: the arrays' where they have one type, else float32. So
// too in front of an exponential, which magnifies what sums lose when they are rounded to halves.
DataType convolution_type(const PrepareContext& context, const ConvolutionLayer& layer);

// The fusion that a layer's forward asks for; none where it has no bias or another activation.
Fusion fusion_of(const ConvolutionLayer& layer, bool residual);
// What of the layer's epilogue a library is asked for: nothing where it would see a residual or a result of
// another type.
Fusion convolution_fusion(const PrepareContext& context, const ConvolutionLayer& layer, DataType type);

// All that its plans depend on besides the device and the library, as text.
std::string plan_key(const ConvolutionGeometry& geometry, Direction direction, DataType type,
                     const Exactness& exactness, const Fusion& fusion);

// A layer's direction by a convolution that `planned` computes; what that does not have in it is our own
// around it. A fused bias is rounded to the images' type, in whose stead the sums are not rounded before it
// is added. The kernel is brought into the library's order and type: once where it holds for good, else in
// each run. Images of another type pass through scratch.
std::unique_ptr<Kernel> make_packed_convolution(const Device& device, const PrepareContext& context,
                                                const ConvolutionLayer& layer,
                                                const PackedConvolution& convolution,
                                                std::unique_ptr<PlannedConvolution> planned);

}  // namespace petal::cuda
