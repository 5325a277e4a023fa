#pragma once

#include "engine/layers/layer.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

// The layers that move pixels are one operation here, with one kernel.
Support supports(const RandomFlip& layer, Direction direction);
Support supports(const RandomRotation& layer, Direction direction);
Support supports(const RandomZoom& layer, Direction direction);
Support supports(const RandomTranslation& layer, Direction direction);
Support supports(const RandomCrop& layer, Direction direction);
Support supports(const RandomAffine& layer, Direction direction);

std::unique_ptr<Kernel> prepare(const RandomFlip& layer, const PrepareContext& context);
std::unique_ptr<Kernel> prepare(const RandomRotation& layer, const PrepareContext& context);
std::unique_ptr<Kernel> prepare(const RandomZoom& layer, const PrepareContext& context);
std::unique_ptr<Kernel> prepare(const RandomTranslation& layer, const PrepareContext& context);
std::unique_ptr<Kernel> prepare(const RandomCrop& layer, const PrepareContext& context);
std::unique_ptr<Kernel> prepare(const RandomAffine& layer, const PrepareContext& context);

}  // namespace petal::reference
