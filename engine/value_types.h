#pragma once

#include <vector>

#include "engine/backend.h"

namespace petal {

// Only the shape's reading changes: dst is src's memory.
bool is_view(const Node& node);

// The type of each node's value in a plan. In bf16 and f16 what lies between layers is of that type, but what
// the graph takes and gives and every vector (N, C) is float32: they are small, so that it costs nothing to
// read photos, pool features and compute a classifier's last layers and softmax without rounding in between.
// A view has its input's type. In f32 and f64 all values are of that type.
std::vector<DataType> value_types(const Graph& graph, Precision precision);

}  // namespace petal
