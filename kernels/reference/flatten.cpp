#include "kernels/reference/flatten.h"

#include "kernels/reference/copy.h"

namespace petal::reference {

Support supports(const Flatten&, Direction direction) {
  return without_weights(Flatten::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Flatten&, const PrepareContext& context) {
  return prepare_copy(context);
}

}  // namespace petal::reference
