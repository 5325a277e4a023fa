#include "kernels/reference/activity_regularization.h"

#include "kernels/reference/copy.h"

namespace petal::reference {

Support supports(const ActivityRegularization&, Direction direction) {
  if (direction == Direction::forward) return supported();
  return unsupported("its penalty on activations is not computed; train the model without the layer");
}

std::unique_ptr<Kernel> prepare(const ActivityRegularization&, const PrepareContext& context) {
  return prepare_copy(context);
}

}  // namespace petal::reference
