#pragma once

#include "engine/model.h"
#include "trainer/backend_factory.h"

namespace petal {

// How many times as fast as in f32 the network runs in bf16: on one thread, by the fastest of five batches of
// 8 each, in turn.
double bf16_speed(const Network& network, const BackendFactory& backends);

}  // namespace petal
