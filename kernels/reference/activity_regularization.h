#pragma once

#include "engine/layers/activity_regularization.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const ActivityRegularization& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const ActivityRegularization& layer, const PrepareContext& context);

}  // namespace petal::reference
