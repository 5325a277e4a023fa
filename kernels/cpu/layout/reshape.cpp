#include "kernels/cpu/layout/copy.h"

namespace petal::cpu {

Support supports(const Reshape&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Reshape&, const Device&, const PrepareContext& context) {
  return prepare_copy(context);
}

KernelPointer prepare_bfloat16(const Reshape&, const Device&, const PrepareContext& context) {
  return is_all_bfloat16(context) ? prepare_copy(context) : nullptr;
}

}  // namespace petal::cpu
