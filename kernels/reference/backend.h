#pragma once

#include <memory>

#include "engine/backend.h"

namespace petal {

// The naive backend: plain loops that read like the formulas, one thread, float32 and float64. The yardstick
// of the tests; not for work.
std::shared_ptr<const Backend> make_reference_backend();

}  // namespace petal
