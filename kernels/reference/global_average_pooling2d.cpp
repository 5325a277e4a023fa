#include "kernels/reference/global_average_pooling2d.h"

#include "kernels/reference/pooling.h"

namespace petal::reference {

Support supports(const GlobalAveragePooling2D&, Direction direction) {
  return without_weights(GlobalAveragePooling2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const GlobalAveragePooling2D&, const PrepareContext& context) {
  return prepare_average(context, Pooling::global(context));
}

}  // namespace petal::reference
