#pragma once

#include "engine/backend.h"
#include "kernels/cpu/onednn.h"

namespace petal::cpu {

// Whether matrix products of bfloat16 have instructions of their own here.
bool has_bfloat16_products();

// The best of some matrix products, in bfloat16 where that is asked for and has_bfloat16_products(), else in
// float32 of oneDNN's that fit the cache, and of some copies that do not, on all
// threads of the device.
DeviceLimit measure_limit(const Device& device, Precision precision);

}  // namespace petal::cpu
