#include "kernels/reference/global_max_pooling2d.h"

#include "kernels/reference/pooling.h"

namespace petal::reference {

Support supports(const GlobalMaxPooling2D&, Direction direction) {
  return without_weights(GlobalMaxPooling2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const GlobalMaxPooling2D&, const PrepareContext& context) {
  return prepare_max(context, Pooling::global(context));
}

}  // namespace petal::reference
