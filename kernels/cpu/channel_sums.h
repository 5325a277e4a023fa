#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// How rows of channels are cut for sums over all rows: chunks go to threads, blocks of a chunk stay in cache.
// The cut depends on the shape alone, and each chunk's sums are combined in order, so that the result has the
// same bits with any number of threads. Sums run in float within a block and in double beyond it.
struct RowChunks {
  static constexpr std::int64_t most_chunks = 32;

  RowChunks(std::int64_t all_rows, std::int64_t channels)
      : rows(all_rows),
        chunk_rows((all_rows + most_chunks - 1) / most_chunks),
        chunks((all_rows + chunk_rows - 1) / chunk_rows),
        block_rows(std::max<std::int64_t>(8, 8192 / channels)) {}

  // Calls f(first row, count of rows) for each block of a chunk.
  template <class F>
  void blocks(std::int64_t chunk, F f) const {
    const std::int64_t end = std::min(rows, (chunk + 1) * chunk_rows);
    for (std::int64_t row = chunk * chunk_rows; row < end; row += block_rows) {
      f(row, std::min(block_rows, end - row));
    }
  }

  std::int64_t rows, chunk_rows, chunks, block_rows;
};

// Calls f(first row, end) for blocks of all rows, on all threads, the last rows first: what the pass before
// this one has read last is still in cache.
template <class F>
void for_blocks_backwards(std::int64_t rows, std::int64_t channels, const F& f) {
  const std::int64_t block_rows = std::max<std::int64_t>(1, 8192 / channels);
  const std::int64_t blocks = (rows + block_rows - 1) / block_rows;
#pragma omp parallel for schedule(static) if (rows * channels >= worth_threads)
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t first = (blocks - 1 - i) * block_rows;
    f(first, std::min(rows, first + block_rows));
  }
}

}  // namespace petal::cpu
