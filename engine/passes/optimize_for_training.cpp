#include <algorithm>

#include "engine/passes/draft.h"

namespace petal {
namespace {

bool holds_relu_alone(const Node& node) {
  const auto* activation = std::get_if<Activation>(&node.layer);
  return activation != nullptr && activation->function == ActivationFunction::relu;
}

}  // namespace

bool learns(const Graph& graph, const Node& node) {
  const auto is_weight = [](const WeightDeclaration& weight) { return weight.role == Role::weight; };
  return node.trainable &&
         (moves_statistics(node.layer) || std::ranges::any_of(graph.weights(node), is_weight));
}

std::vector<bool> gradient_reach(const Graph& graph) {
  std::vector<bool> reach;
  for (const Node& node : graph.nodes()) {
    bool wants =
        node.trainable && std::ranges::any_of(graph.weights(node), [](const WeightDeclaration& declaration) {
          return declaration.role == Role::weight;
        });
    for (int input : node.inputs) wants = wants || reach[static_cast<std::size_t>(input)];
    reach.push_back(wants);
  }
  return reach;
}

std::vector<bool> constant_nodes(const Graph& graph) {
  std::vector<bool> constant = gradient_reach(graph);
  for (std::size_t i = 0; i < constant.size(); ++i) {
    const Node& node = graph.nodes()[i];
    // A batch norm that learns has no gradient where it neither scales nor centres.
    constant[i] =
        !constant[i] && !learns(graph, node) && !(node.trainable && draws_random_numbers(node.layer));
  }
  return constant;
}

Network move_relu_behind_max_pooling(const Network& network) {
  Draft draft(network);
  for (int i = 0; i < draft.size(); ++i) {
    if (!std::holds_alternative<MaxPooling2D>(draft.node(i).layer)) continue;
    const int source = draft.node(i).inputs[0];
    Node& front = draft.node(source);
    if (draft.removed(source) || !draft.read_once(source)) continue;
    if (holds_relu_alone(front)) {
      const int before = front.inputs[0];
      draft.replace(source, before);
    } else if (has_epilogue(front.layer) && activation_of(front.layer) == ActivationFunction::relu) {
      set_activation(front.layer, ActivationFunction::linear);
    } else {
      continue;
    }
    draft.insert_behind(i, draft.node(i).name + "/relu", Activation{ActivationFunction::relu});
  }
  return draft.finish();
}

TrainingNetwork optimize_for_training(const Network& network) {
  const Network fused = fuse_epilogue(
      fold_batch_normalization(
          fold_zero_padding(drop_training_only(
              compose_augmentation(split_final_sigmoid(split_activations(network, is_training_epilogue))),
              constant_nodes)),
          constant_nodes),
      constant_nodes);
  TrainingNetwork result{
      .network = move_relu_behind_max_pooling(fused), .constant = {}, .wants_gradient = {}};
  result.constant = constant_nodes(result.network.graph);
  result.wants_gradient = gradient_reach(result.network.graph);
  return result;
}

}  // namespace petal
