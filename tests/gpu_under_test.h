#pragma once

#include <memory>
#include <vector>

#include "engine/backend.h"

namespace petal::testing {

// The GPU, with the kernels that are taken to be the faster, with our own alone and with the libraries'
// wherever they have one, where PETAL_TEST_DEVICE=cuda asks for it, as `tests/run.sh --device cuda` does; else
// none. Where it is asked for and there is none, none as well, and
// the reason on standard error.
std::vector<std::shared_ptr<const Backend>> gpus_under_test();

// The same, training on the first two GPUs at once; none, and the reason on standard error, where there is
// but one.
std::vector<std::shared_ptr<const Backend>> several_gpus_under_test();

}  // namespace petal::testing
