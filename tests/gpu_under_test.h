#pragma once

#include <memory>

#include "engine/backend.h"

namespace petal::testing {

// The GPU, where PETAL_TEST_DEVICE=cuda asks for it, as `tests/run.sh --device cuda` does; else null. Where
// it is asked for and there is none, null as well, and the reason on standard error.
std::shared_ptr<const Backend> gpu_under_test();

}  // namespace petal::testing
