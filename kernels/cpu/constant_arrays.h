#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "engine/tensor.h"

namespace petal::cpu {

// The packed weights that the kernels of a backend and of its cores hold, each once: the lanes of a plan, and
// plans of other batch sizes, pack the same. Told apart by content, so that neither an array's layout nor
// what becomes of the weights that it was packed from matters. For any number of threads.
class ConstantArrays {
 public:
  using Array = std::shared_ptr<const Buffer>;
  // An array of these bytes: the one that some kernel holds already, else this one, from now on constant.
  Array keep(Buffer array);

 private:
  std::mutex mutex_;
  std::unordered_multimap<std::size_t, std::weak_ptr<const Buffer>> held_;  // by size
};

}  // namespace petal::cpu
