#pragma once

#include <vector>

#include "engine/graph.h"

namespace petal {

// The graph's nodes in the order of Keras's `model.layers`, which its summary prints and its files follow: by
// distance from the outputs, the farthest first; among equals as a walk from the outputs to the inputs meets
// them first (keras/src/ops/function.py, map_graph). Nodes that no output needs come last.
std::vector<int> keras_order(const Graph& graph);

}  // namespace petal
