#include "kernels/cpu/convolution/gemm_tile.h"

#include "kernels/cpu/convolution/gemm_tile_code.h"

namespace petal::cpu {

std::int64_t gemm_tile_pixels(int vectors) {
  return has_avx512() ? most_pixels<Avx512>(vectors) : most_pixels<Avx2>(vectors);
}

void run_gemm_tiles(const GemmTile& tile, std::int64_t pixels, int vectors, std::int64_t count) {
  const auto function_of = has_avx512() ? gemm_tile_in_avx512 : gemm_tile_in_avx2;
  function_of({.pixels = pixels,
               .vectors = vectors,
               .pitched = tile.src == nullptr,
               .adds = added_before(tile) != nullptr})(tile, count);
}

}  // namespace petal::cpu
