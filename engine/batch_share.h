#pragma once

#include "engine/communicator.h"

namespace petal {

// The samples of a batch that one of the devices which train together takes.
struct BatchShare {
  std::int64_t first = 0, count = 0;  // of the batch's samples, at least one
  // How many all devices take together: what a mean over the batch divides by.
  std::int64_t all = 0;
};

// All of them without others. Else the batch is dealt out in order, no device taking two samples more than
// another. Where there are fewer samples than devices, which batch norms can make nothing of, each device
// takes all of them: every sample counts equally often then, and so sums and means are the batch's still.
BatchShare batch_share(std::int64_t count, const Communicator* devices);

}  // namespace petal
