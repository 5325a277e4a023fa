#include <algorithm>

#include "engine/passes/draft.h"

namespace petal {

Network drop_training_only(const Network& network, const NodeScope& scope) {
  Draft draft(network);
  const std::vector<bool> within = scope(network.graph);
  const auto outputs = network.graph.outputs();
  for (int i = 0; i < draft.size(); ++i) {
    if (!within[static_cast<std::size_t>(i)] || !std::holds_alternative<Dropout>(draft.node(i).layer))
      continue;
    if (std::ranges::count(outputs, i) > 0) {
      // An output keeps its name, as a layer that changes nothing.
      draft.node(i).layer = Activation{ActivationFunction::linear};
    } else {
      draft.replace(i, draft.node(i).inputs[0]);
    }
  }
  return draft.finish();
}

}  // namespace petal
