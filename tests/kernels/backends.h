#pragma once

#include <memory>
#include <vector>

#include "engine/backend.h"

namespace petal::testing {

// Every backend that this build has and this machine can run; the reference first.
const std::vector<std::shared_ptr<const Backend>>& backends_under_test();
// The yardstick.
const Backend& reference();

}  // namespace petal::testing
