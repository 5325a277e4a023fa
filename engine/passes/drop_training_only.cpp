#include <algorithm>

#include "engine/passes/draft.h"

namespace petal {
namespace {

// Whether inference passes its input on as it is; cropping is work there too.
bool is_training_only(const Layer& layer) {
  if (is_regularization(layer)) return true;
  return is_augmentation(layer) && !std::holds_alternative<RandomCrop>(layer);
}

}  // namespace

Network drop_training_only(const Network& network, const NodeScope& scope) {
  Draft draft(network);
  const std::vector<bool> within = scope(network.graph);
  const auto outputs = network.graph.outputs();
  for (int i = 0; i < draft.size(); ++i) {
    if (!within[static_cast<std::size_t>(i)]) continue;
    Layer& layer = draft.node(i).layer;
    const auto* affine = std::get_if<RandomAffine>(&layer);
    if (affine != nullptr && crop_of(*affine) != nullptr) layer = RandomCrop(*crop_of(*affine));
    if (!is_training_only(layer)) continue;
    if (std::ranges::count(outputs, i) > 0) {
      // An output keeps its name, as a layer that changes nothing.
      layer = Activation{ActivationFunction::linear};
    } else {
      draft.replace(i, draft.node(i).inputs[0]);
    }
  }
  return draft.finish();
}

}  // namespace petal
