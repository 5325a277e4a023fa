#pragma once

#include <algorithm>

#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// How the rows of a matrix are dealt to threads that each sum a piece of a column.
struct ColumnSplit {
  Index rows = 0, columns = 0;
  Index rows_a_chunk = 1, chunks = 1;
};

// The same for every device, so that sums are: about 2^16 threads, none of which has fewer than 32 rows.
constexpr ColumnSplit column_split(Index rows, Index columns) {
  constexpr Index threads = 1 << 16, fewest_rows = 32;
  const Index wanted = std::max<Index>(1, threads / std::max<Index>(columns, 1));
  const Index rows_a_chunk = std::max(fewest_rows, (rows + wanted - 1) / wanted);
  return {rows, columns, rows_a_chunk, std::max<Index>(1, (rows + rows_a_chunk - 1) / rows_a_chunk)};
}

// The bytes of scratch in which `values` sums a column wait in pieces.
constexpr std::size_t partial_sums_bytes(const ColumnSplit& split, int values) {
  return static_cast<std::size_t>(split.chunks * split.columns * values) * sizeof(float);
}

// Index i is column i % columns of chunk i / columns. term(row, column, sums) adds to its sums.
template <int values, class Term>
struct ColumnPieces {
  ColumnSplit split;
  Term term;
  float* pieces;  // (values, chunks, columns)
  PETAL_BODY void operator()(Index i) const {
    const Index column = i % split.columns, chunk = i / split.columns;
    const Index first = chunk * split.rows_a_chunk;
    const Index last = first + split.rows_a_chunk < split.rows ? first + split.rows_a_chunk : split.rows;
    float sums[values] = {};
    for (Index row = first; row < last; ++row) term(row, column, sums);
    for (int value = 0; value < values; ++value)
      pieces[value * split.chunks * split.columns + i] = sums[value];
  }
};

// finish(column, sums) is given what the pieces of a column add up to.
template <int values, class Finish>
struct ColumnTotals {
  ColumnSplit split;
  const float* pieces;
  Finish finish;
  PETAL_BODY void operator()(Index column) const {
    float sums[values] = {};
    for (int value = 0; value < values; ++value) {
      for (Index chunk = 0; chunk < split.chunks; ++chunk)
        sums[value] += pieces[(value * split.chunks + chunk) * split.columns + column];
    }
    finish(column, sums);
  }
};

// Sums of each column of a matrix (rows, columns) whose elements `term` computes, in an order that depends on
// its size alone. `scratch`: partial_sums_bytes.
template <int values, class Term, class Finish>
void sum_columns(const Queue& queue, const ColumnSplit& split, const Term& term, const Finish& finish,
                 std::byte* scratch) {
  auto* pieces = reinterpret_cast<float*>(scratch);
  for_each(queue, split.chunks * split.columns, ColumnPieces<values, Term>{split, term, pieces});
  for_each(queue, split.columns, ColumnTotals<values, Finish>{split, pieces, finish});
}

// Finishes with the sums themselves.
struct KeepSum {
  float* dst;
  PETAL_BODY void operator()(Index column, const float* sums) const { dst[column] = sums[0]; }
};

}  // namespace petal::cuda
