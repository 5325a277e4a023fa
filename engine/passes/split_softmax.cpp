#include "engine/passes/draft.h"

namespace petal {

Network split_softmax(const Network& network) {
  Draft draft(network);
  for (int i = 0; i < draft.size(); ++i) {
    Node& node = draft.node(i);
    if (!has_epilogue(node.layer) || activation_of(node.layer) != ActivationFunction::softmax) continue;
    draft.insert_behind(i, node.name + "/softmax", Activation{ActivationFunction::softmax});
    set_activation(draft.node(i).layer, ActivationFunction::linear);
  }
  return draft.finish();
}

}  // namespace petal
