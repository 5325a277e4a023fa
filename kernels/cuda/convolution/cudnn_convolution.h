#pragma once

#include "kernels/cuda/convolution/convolution_plan.h"

namespace petal::cuda {

// A plan to be run with the handle; `where`: the node, for errors.
std::unique_ptr<PlannedConvolution> make_cudnn_convolution(std::string where,
                                                           std::shared_ptr<cudnnContext> handle,
                                                           ConvolutionPlan plan);

}  // namespace petal::cuda
