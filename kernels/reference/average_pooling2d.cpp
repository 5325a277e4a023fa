#include "kernels/reference/average_pooling2d.h"

#include "kernels/reference/pooling.h"

namespace petal::reference {

Support supports(const AveragePooling2D&, Direction direction) {
  return without_weights(AveragePooling2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const AveragePooling2D& layer, const PrepareContext& context) {
  return prepare_average(context, Pooling(context, layer.pool, layer.strides, layer.padding));
}

}  // namespace petal::reference
