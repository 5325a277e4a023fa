#pragma once

#include "engine/backend.h"

namespace petal::cuda {

// How fast a backend's matrix product (a Conv2D of 1x1, `size` cubed) and its copy of `size` times `size`
// times 64 floats run, each the fastest of five. What the device's clocks and its memory can do at most, as
// far as these kernels reach it.
DeviceLimit measure_limit(const Backend& backend, Precision precision, std::int64_t size);

}  // namespace petal::cuda
