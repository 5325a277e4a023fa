#include <algorithm>

#include "engine/passes/draft.h"

namespace petal {

Network drop_training_only(const Network& network) {
  Draft draft(network);
  const auto outputs = network.graph.outputs();
  for (int i = 0; i < draft.size(); ++i) {
    if (!std::holds_alternative<Dropout>(draft.node(i).layer)) continue;
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
