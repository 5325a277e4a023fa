#pragma once

#include <memory>

#include "kernels/cuda/convolution/convolution_plan.h"
#include "kernels/cuda/device.h"

namespace petal::cuda {

// cuDNN on a stream.
std::shared_ptr<Libraries> make_libraries(std::shared_ptr<CUstream_st> stream, const Exactness& exactness);

}  // namespace petal::cuda
