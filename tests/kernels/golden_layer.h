#pragma once

#include <nlohmann/json_fwd.hpp>

#include <vector>

#include "engine/layers/layer.h"

namespace petal::testing {

// What a case of tests/golden/operations.json or gradients.json describes: its layer, and the shape and the
// numbers of an array that goes in.
Layer golden_layer(const nlohmann::json& item);
Shape golden_shape(const nlohmann::json& array);
std::vector<double> golden_numbers(const nlohmann::json& array);

}  // namespace petal::testing
