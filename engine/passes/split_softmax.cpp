#include "engine/passes/draft.h"

namespace petal {
namespace {

void split(Draft& draft, int index, ActivationFunction function) {
  Node& node = draft.node(index);
  if (!has_epilogue(node.layer) || activation_of(node.layer) != function) return;
  set_activation(node.layer, ActivationFunction::linear);
  draft.insert_behind(index, node.name + "/" + std::string(to_string(function)), Activation{function});
}

}  // namespace

Network split_softmax(const Network& network) {
  Draft draft(network);
  for (int i = 0; i < draft.size(); ++i) split(draft, i, ActivationFunction::softmax);
  return draft.finish();
}

Network split_final_sigmoid(const Network& network) {
  Draft draft(network);
  for (const int output : network.graph.outputs()) split(draft, output, ActivationFunction::sigmoid);
  return draft.finish();
}

}  // namespace petal
