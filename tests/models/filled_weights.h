#pragma once

#include "engine/graph.h"
#include "engine/weights.h"

namespace petal::golden {

// Weights by the formula of tests/golden/make_architectures.py, of each weight's name and index; those that
// the graph states itself as stated.
Weights filled_weights(const Graph& graph);

}  // namespace petal::golden
