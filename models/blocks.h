#pragma once

#include <string>
#include <vector>

#include "engine/graph.h"

namespace petal {

// The block of the paper's table that each node belongs to, one a node: by the names that Keras gives layers
// ("block_3_expand": "block_3"; "conv4_block2_1_conv": "conv4_block2"; "conv_dw_5" and "conv_pw_5": "block
// 5"), or, where layers are only numbered (InceptionV3), the concatenation that a node leads to ("mixed4").
// Nodes of no block stand under their own names.
std::vector<std::string> blocks(const Graph& graph);

}  // namespace petal
