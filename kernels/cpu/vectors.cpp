#include "kernels/cpu/vectors.h"

#include "kernels/cpu/onednn.h"

namespace petal::cpu {
bool has_avx2() {
#if defined(__x86_64__)
  static const bool has = has_instructions(dnnl::cpu_isa::avx2) && __builtin_cpu_supports("fma") != 0;
  return has;
#else
  return false;
#endif
}

bool has_avx512() {
  static const bool has = has_instructions(dnnl::cpu_isa::avx512_core);
  return has;
}

std::int64_t widest_lanes() {
  return has_avx512() ? lanes_of<WideFloats> : lanes;
}

std::string vectors_name() {
  return has_avx512() ? "petal:avx512" : "petal:avx2";
}

}  // namespace petal::cpu
