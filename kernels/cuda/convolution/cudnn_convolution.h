#pragma once

#include "kernels/cuda/convolution/convolution_plan.h"

namespace petal::cuda {

// A convolution whose sums cuDNN computes; what is around them is our own. The kernel is brought into cuDNN's
// order: once where it holds for good, else in each run.
std::unique_ptr<Kernel> make_cudnn_convolution(const Device& device, std::shared_ptr<cudnnContext> handle,
                                               const PrepareContext& context, const ConvolutionLayer& layer,
                                               ConvolutionPlan plan);

}  // namespace petal::cuda
