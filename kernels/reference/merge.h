#pragma once

#include "engine/layers/merge.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

std::unique_ptr<Kernel> prepare_merge(MergeOperation operation, const PrepareContext& context);

template <MergeOperation of>
Support supports(const Merge<of>&, Direction direction) {
  return without_weights(keras_name(of), direction);
}
template <MergeOperation of>
std::unique_ptr<Kernel> prepare(const Merge<of>&, const PrepareContext& context) {
  return prepare_merge(of, context);
}

}  // namespace petal::reference
