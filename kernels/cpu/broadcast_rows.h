#pragma once

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// The elements of a merge as rows in which every input either runs along with dst or stands still: dst's
// sample is `rows` of `length` elements.
struct BroadcastRows {
  explicit BroadcastRows(const PrepareContext& context);

  struct Input {
    std::int64_t elements = 0;           // of a sample
    bool whole = true;                   // of dst's shape
    std::int64_t step = 1;               // along a row: 1, or 0 where one element is repeated
    std::vector<std::int64_t> begins{};  // of each row, in a sample
  };

  std::int64_t batch, rows = 1, length = 1;
  std::vector<Input> inputs;
};

}  // namespace petal::cpu
