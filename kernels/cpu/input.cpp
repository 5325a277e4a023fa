#include "engine/error.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {

Support supports(const Input&, Direction) {
  return {false, "an input is given, not computed"};
}

KernelPointer prepare(const Input& layer, const Device&, const PrepareContext& context) {
  throw Error(where(context.node), supports(layer, context.direction).reason);
}

}  // namespace petal::cpu
