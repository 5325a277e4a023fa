#pragma once

#include "engine/backend.h"

namespace petal::reference {

std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer);

}  // namespace petal::reference
