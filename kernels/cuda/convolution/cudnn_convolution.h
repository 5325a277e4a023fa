#pragma once

#include "kernels/cuda/convolution/convolution_plan.h"

namespace petal::cuda {

// The type of the images that cuDNN is to see: the arrays' where they have one type, else float32.
DataType convolution_type(const PrepareContext& context);

// What of the layer's epilogue cuDNN is asked for: nothing where it would see a residual or a result of
// another type.
Fusion convolution_fusion(const PrepareContext& context, const ConvolutionLayer& layer, DataType type);

// A convolution whose sums cuDNN computes, with what its plan fuses behind them; what is around them is our
// own. A fused bias is rounded to the images' type, in whose stead the sums are not rounded before it is
// added. The kernel is brought into cuDNN's order and type: once where it holds for good, else in each run.
// Images of another type than `type`, which `plan` is for, pass through scratch.
std::unique_ptr<Kernel> make_cudnn_convolution(const Device& device, std::shared_ptr<cudnnContext> handle,
                                               const PrepareContext& context, const ConvolutionLayer& layer,
                                               DataType type, ConvolutionPlan plan);

}  // namespace petal::cuda
