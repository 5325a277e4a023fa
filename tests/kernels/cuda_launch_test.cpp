#include <doctest/doctest.h>

#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/launch_shape.h"

namespace petal::cuda {

TEST_CASE("a launch has a thread for every call up to its limit, and no block in vain") {
  for (const Index count : {1, 255, 256, 257, 100000}) {
    const LaunchShape shape = launch_shape(count);
    const Index threads = Index{shape.blocks} * shape.threads;
    CHECK(threads >= count);
    CHECK(threads - count < threads_a_block);
  }
  CHECK(launch_shape(Index{1} << 40).blocks == most_blocks);
}

TEST_CASE("every row of a column is in one chunk, and few columns are split more") {
  for (const Index rows : {1, 31, 32, 33, 401408}) {
    for (const Index columns : {1, 3, 32, 1000, 1000000}) {
      CAPTURE(rows);
      CAPTURE(columns);
      const ColumnSplit split = column_split(rows, columns);
      CHECK(split.chunks * split.rows_a_chunk >= rows);
      CHECK((split.chunks - 1) * split.rows_a_chunk < rows);
      CHECK(split.chunks * columns <= std::max<Index>(columns, 1 << 16) + columns);
      CHECK(partial_sums_bytes(split, 2) == static_cast<std::size_t>(split.chunks * columns) * 8);
    }
  }
  CHECK(column_split(401408, 32).chunks == 2048);
}

}  // namespace petal::cuda
