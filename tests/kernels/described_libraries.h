#pragma once

#include <memory>

#include "engine/backend.h"
#include "kernels/cuda/device.h"

namespace petal::testing {

// In place of cuDNN and cuBLASLt: compute what these are asked for, as it is described to them, element by
// element, on the host. So all is proved of the layers that use them but the libraries themselves.
struct DescribedLibraries {
  bool fuses = true;              // all that is asked for, or nothing
  bool rounds_gradients = false;  // kernels' gradients are of the images' type, where cuDNN has no other
};
std::shared_ptr<cuda::Libraries> make_described_libraries(const DescribedLibraries& how);

// The backend for GPUs with such libraries, over `memory`; work that is queued is recorded in `queue`.
std::shared_ptr<const Backend> make_described_backend(std::shared_ptr<const Memory> memory,
                                                      std::shared_ptr<cuda::Libraries> libraries);
// The same over memory apart, whose work is done as late as may be.
std::shared_ptr<const Backend> make_described_backend(const DescribedLibraries& how);

}  // namespace petal::testing
