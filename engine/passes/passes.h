#pragma once

#include <functional>
#include <vector>

#include "engine/graph.h"
#include "engine/weights.h"

namespace petal {

// A graph with its numbers: what passes turn into another. The weights may hold more than the graph declares.
struct Network {
  Graph graph;
  Weights weights;
};

// Pure functions from network to network; the outputs keep their order and meaning.

// Which nodes a pass may change: one flag a node of the graph that it is given.
using NodeScope = std::function<std::vector<bool>(const Graph&)>;
std::vector<bool> every_node(const Graph& graph);
// Whether training changes a weight or a statistic of the node.
bool learns(const Graph& graph, const Node& node);
// The nodes that compute the same function in every step of training: not trainable with weights, no random
// layer that is active, and no trainable weight before them, so that no gradient passes through.
std::vector<bool> constant_nodes(const Graph& graph);
// The nodes that a gradient reaches: a trainable weight lies at them or before them.
std::vector<bool> gradient_reach(const Graph& graph);

// Removes the dropouts, noises and augmentations, all but RandomCrop, which crops in inference too.
Network drop_training_only(const Network& network, const NodeScope& scope = every_node);
// An activation inside Conv2D, DepthwiseConv2D or Dense that the layer's kernels do not take, such as
// softmax, becomes a node behind the layer, named "NAME/softmax". In training they take only
// is_training_epilogue.
Network split_activations(const Network& network, bool (*stays)(ActivationFunction) = is_epilogue);
// Sigmoid inside such a layer that is an output likewise, "NAME/sigmoid": a loss that takes logits merges
// with it.
Network split_final_sigmoid(const Network& network);
// ZeroPadding2D in front of Conv2D, DepthwiseConv2D or SeparableConv2D with `valid` or explicit padding
// becomes the layer's own padding.
Network fold_zero_padding(const Network& network, const NodeScope& scope = every_node);
// BatchNormalization (with its moving statistics) behind a convolution of any kind or Dense without
// activation, where nothing else reads the layer, becomes the layer's weights and bias; computed in double.
// The merged node takes the name of the batch norm.
Network fold_batch_normalization(const Network& network, const NodeScope& scope = every_node);
// Activation (is_epilogue) and Add behind such a layer become its epilogue: activation(layer + bias +
// residual). The merged node takes the name of the last one merged.
Network fuse_epilogue(const Network& network, const NodeScope& scope = every_node);
// Where all that reads a Conv2D or DepthwiseConv2D are 1x1 convolutions of the same strides, the layer itself
// takes the strides and computes no pixel that nobody reads; a residual of its own is thinned out likewise
// ("NAME/residual"). From there on to the layer before. ResNet (He et al. 2015) has its strides on such
// convolutions: a tenth of ResNet50's operations go.
Network propagate_strides(const Network& network);
// All of the above, in order: what an inference plan runs.
Network optimize_for_inference(const Network& network);

// Neighbouring RandomFlip, RandomRotation, RandomZoom, RandomTranslation and RandomCrop (not frozen), each
// read by the next alone, become one RandomAffine under the last one's name, so that a photo is read once;
// the draws stay the same. Neighbours that fill or interpolate otherwise stay apart, as do a second crop, a
// crop with nothing to choose, and what fills behind a crop, whose border is the crop's.
Network compose_augmentation(const Network& network);
// relu in front of MaxPooling2D that nothing else reads, as a node or as an epilogue, becomes a node
// "POOL/relu" behind it: the same values and gradients, as relu is monotone, on a fraction of the elements.
Network move_relu_behind_max_pooling(const Network& network);

// A network as a training plan runs it.
struct TrainingNetwork {
  Network network;
  std::vector<bool> constant;        // constant_nodes of its graph
  std::vector<bool> wants_gradient;  // gradient_reach of it
};
// The passes for inference on the constant nodes; augmentation composed, padding folded, activations split
// off and relu moved on all.
TrainingNetwork optimize_for_training(const Network& network);

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
