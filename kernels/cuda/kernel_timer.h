#pragma once

#include "engine/backend.h"

namespace petal::cuda {

// The least seconds that a kernel takes of `runs` runs on arrays of zeros of its own, after one that is not
// counted. `context`: what it was prepared for; a node without statistics and workspace.
double fastest_seconds(Kernel& kernel, const PrepareContext& context,
                       const std::shared_ptr<const Memory>& memory, int runs = 5);

}  // namespace petal::cuda
