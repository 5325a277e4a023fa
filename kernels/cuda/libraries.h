#pragma once

#include <memory>

#include "kernels/cuda/convolution/convolution_plan.h"
#include "kernels/cuda/device.h"

namespace petal::cuda {

// cuDNN and cuBLASLt on a stream of a device. With `options.autotune` the first of their suggestions are
// timed where no choice is kept for them.
std::shared_ptr<Libraries> make_libraries(std::shared_ptr<CUstream_st> stream, const CudaOptions& options);

// How exactly these options have them compute.
Exactness exactness_of(const CudaOptions& options);

}  // namespace petal::cuda
