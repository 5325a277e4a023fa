#include "kernels/reference/max_pooling2d.h"

#include "kernels/reference/pooling.h"

namespace petal::reference {

Support supports(const MaxPooling2D&, Direction direction) {
  return without_weights(MaxPooling2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const MaxPooling2D& layer, const PrepareContext& context) {
  return prepare_max(context, Pooling(context, layer.pool, layer.strides, layer.padding));
}

}  // namespace petal::reference
