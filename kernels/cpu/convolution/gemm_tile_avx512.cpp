#include "kernels/cpu/convolution/gemm_tile_code.h"

namespace petal::cpu {

GemmTileFunction gemm_tile_in_avx512(const GemmTileForm& form) {
  return gemm_tile_function<Avx512>(form);
}

}  // namespace petal::cpu
