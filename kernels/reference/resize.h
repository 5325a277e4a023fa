#pragma once

#include "engine/layers/resizing.h"
#include "engine/layers/up_sampling2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const UpSampling2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const UpSampling2D& layer, const PrepareContext& context);
Support supports(const Resizing& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Resizing& layer, const PrepareContext& context);

}  // namespace petal::reference
