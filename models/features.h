#pragma once

#include <string>

#include "engine/graph.h"

namespace petal {

// The graph up to its features: the output of `layer`, or, where that is empty, what its classifier's head of
// Dense layers reads, an image still where it is flattened or reshaped for them (a 1 x 1 convolution of one
// pixel counts as Dense). The whole graph where it ends in no such head. Throws Error(--features) where there
// is no such layer, and for graphs of several inputs or outputs, which are no base.
Graph up_to_features(const Graph& graph, const std::string& layer = {});

}  // namespace petal
