#include "kernels/reference/reshape.h"

#include "kernels/reference/copy.h"

namespace petal::reference {

Support supports(const Reshape&, Direction direction) {
  return without_weights(Reshape::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Reshape&, const PrepareContext& context) {
  return prepare_copy(context);
}

}  // namespace petal::reference
