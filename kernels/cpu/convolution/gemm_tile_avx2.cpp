#include "kernels/cpu/convolution/gemm_tile_code.h"

namespace petal::cpu {

GemmTileFunction gemm_tile_in_avx2(const GemmTileForm& form) {
  return gemm_tile_function<Avx2>(form);
}

}  // namespace petal::cpu
