#pragma once

#include <memory>

#include "engine/memory.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

// What the vendor's libraries need: cuDNN's and cuBLAS's handles. Defined where those are.
class Libraries;

// What every kernel is made on. No vendor's header is needed to hold one.
struct Device {
  Queue queue;
  std::shared_ptr<const Memory> memory;
  std::shared_ptr<Libraries> libraries;  // null: own kernels alone
};

}  // namespace petal::cuda
