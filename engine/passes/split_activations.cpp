#include "engine/passes/draft.h"

namespace petal {
namespace {

void split(Draft& draft, int index) {
  Node& node = draft.node(index);
  const ActivationFunction function = activation_of(node.layer);
  set_activation(node.layer, ActivationFunction::linear);
  draft.insert_behind(index, node.name + "/" + std::string(to_string(function)), Activation{function});
}

}  // namespace

Network split_activations(const Network& network, bool (*stays)(ActivationFunction)) {
  Draft draft(network);
  for (int i = 0; i < draft.size(); ++i) {
    const Layer& layer = draft.node(i).layer;
    if (has_epilogue(layer) && !stays(activation_of(layer))) split(draft, i);
  }
  return draft.finish();
}

Network split_final_sigmoid(const Network& network) {
  Draft draft(network);
  for (const int output : network.graph.outputs()) {
    const Layer& layer = draft.node(output).layer;
    if (has_epilogue(layer) && activation_of(layer) == ActivationFunction::sigmoid) split(draft, output);
  }
  return draft.finish();
}

}  // namespace petal
