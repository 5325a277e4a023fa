#include <algorithm>

#include "engine/passes/draft.h"

namespace petal {
namespace {

// Whether node `index` can still take a residual and an activation, and nothing else reads it.
bool open_for_epilogue(Draft& draft, int index) {
  const Node& node = draft.node(index);
  return has_epilogue(node.layer) && activation_of(node.layer) == ActivationFunction::linear &&
         draft.read_once(index);
}

void fuse_activation(Draft& draft, int index, ActivationFunction function) {
  const int source = draft.node(index).inputs[0];
  if (!open_for_epilogue(draft, source)) return;
  Node merged = draft.node(source);
  set_activation(merged.layer, function);
  draft.merge(source, index, std::move(merged));
}

void fuse_residual(Draft& draft, int index) {
  const std::vector<int> inputs = draft.node(index).inputs;
  if (inputs.size() != 2 || inputs[0] == inputs[1]) return;
  if (draft.node(inputs[0]).shape != draft.node(inputs[1]).shape) return;  // one is broadcast
  // The later of the two is merged: its residual is then ready at that point in any order of execution.
  for (int source : {std::max(inputs[0], inputs[1]), std::min(inputs[0], inputs[1])}) {
    if (!open_for_epilogue(draft, source) || draft.node(source).fused_residual) continue;
    Node merged = draft.node(source);
    merged.inputs.push_back(source == inputs[0] ? inputs[1] : inputs[0]);
    merged.fused_residual = true;
    draft.merge(source, index, std::move(merged));
    return;
  }
}

}  // namespace

Network fuse_epilogue(const Network& network, const NodeScope& scope) {
  Draft draft(network);
  const std::vector<bool> within = scope(network.graph);
  for (int i = 0; i < draft.size(); ++i) {
    if (!within[static_cast<std::size_t>(i)]) continue;
    if (const auto* activation = std::get_if<Activation>(&draft.node(i).layer)) {
      const ActivationFunction function = activation->function;
      if (is_epilogue(function) && function != ActivationFunction::linear) {
        fuse_activation(draft, i, function);
      }
    } else if (std::holds_alternative<Add>(draft.node(i).layer)) {
      fuse_residual(draft, i);
    }
  }
  return draft.finish();
}

std::vector<bool> every_node(const Graph& graph) {
  return std::vector<bool>(graph.nodes().size(), true);
}

Network optimize_for_inference(const Network& network) {
  return propagate_strides(fuse_epilogue(
      fold_batch_normalization(fold_zero_padding(split_activations(drop_training_only(network))))));
}

}  // namespace petal
