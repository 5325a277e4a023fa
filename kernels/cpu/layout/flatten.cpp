#include "kernels/cpu/layout/copy.h"

namespace petal::cpu {

Support supports(const Flatten&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Flatten&, const Device&, const PrepareContext& context) {
  return prepare_copy(context);
}

KernelPointer prepare_bfloat16(const Flatten&, const Device&, const PrepareContext& context) {
  return is_all_bfloat16(context) ? prepare_copy(context) : nullptr;
}

}  // namespace petal::cpu
