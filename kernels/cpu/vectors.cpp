#include "kernels/cpu/vectors.h"

#include "kernels/cpu/onednn.h"

namespace petal::cpu {
bool has_avx2() {
#if defined(__x86_64__)
  return has_instructions(dnnl::cpu_isa::avx2) && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

bool has_avx512() {
  return has_instructions(dnnl::cpu_isa::avx512_core);
}

bool has_avx2_alone() {
  return has_avx2() && !has_avx512();
}

}  // namespace petal::cpu
