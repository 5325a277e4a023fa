#include "engine/batch_share.h"

#include <algorithm>

namespace petal {

BatchShare batch_share(std::int64_t count, const Communicator* devices) {
  if (devices == nullptr) return {0, count, count};
  const std::int64_t number = devices->devices(), rank = devices->rank();
  if (count < number) return {0, count, number * count};
  const std::int64_t each = count / number, more = count % number;
  return {rank * each + std::min(rank, more), each + (rank < more ? 1 : 0), count};
}

}  // namespace petal
