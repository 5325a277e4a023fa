#pragma once

#include "engine/graph.h"
#include "engine/weights.h"

namespace petal {

// A graph with its numbers: what passes turn into another. The weights may hold more than the graph declares.
struct Network {
  Graph graph;
  Weights weights;
};

// Pure functions from network to network; the outputs keep their order and meaning.

// Removes Dropout.
Network drop_training_only(const Network& network);
// Softmax inside Conv2D, DepthwiseConv2D or Dense, which is no elementwise epilogue, becomes a node behind
// the layer, named "NAME/softmax".
Network split_softmax(const Network& network);
// ZeroPadding2D in front of Conv2D or DepthwiseConv2D with `valid` or explicit padding becomes the layer's
// own padding.
Network fold_zero_padding(const Network& network);
// BatchNormalization (with its moving statistics) behind Conv2D, DepthwiseConv2D or Dense without activation,
// where nothing else reads the layer, becomes the layer's weights and bias; computed in double. The merged
// node takes the name of the batch norm.
Network fold_batch_normalization(const Network& network);
// Activation (elementwise) and Add behind such a layer become its epilogue: activation(layer + bias +
// residual). The merged node takes the name of the last one merged.
Network fuse_epilogue(const Network& network);
// All of the above, in order: what an inference plan runs.
Network optimize_for_inference(const Network& network);

// The graph cut where training begins. `frozen` gives the same values in every epoch: no node of it is
// trainable with weights, draws random numbers in training, or depends on one that does or is. Its outputs
// are the inputs of `rest`, in order; nodes without weights at the cut (pooling, flatten) belong to `frozen`.
// Either may be without layers.
struct FrozenSplit {
  Graph frozen;
  Graph rest;
};
FrozenSplit split_frozen(const Graph& graph);

}  // namespace petal
