#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/layers/layer.h"

namespace petal::testing {

// The layer that a case of tests/golden/operations.json describes.
Layer golden_layer(const nlohmann::json& item);

}  // namespace petal::testing
