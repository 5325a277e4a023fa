#pragma once

#include <memory>

#include "engine/backend.h"

namespace petal::testing {

// The backend's kernels over arrays of the host, wherever its memory is: what is apart is copied there and
// back around each call.
std::unique_ptr<LossKernel> loss_from_host(const Backend& backend, const Loss& loss,
                                           const TensorDescription& predictions);
std::unique_ptr<UpdateKernel> update_from_host(const Backend& backend, const Optimizer& optimizer);

}  // namespace petal::testing
