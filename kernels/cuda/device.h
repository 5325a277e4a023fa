#pragma once

#include <memory>

#include "engine/backend.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

struct ConvolutionLayer;
struct Device;

// The vendor's libraries, behind a line that needs none of their headers. Not for two threads at once.
class Libraries {
 public:
  virtual ~Libraries() = default;
  // Null where they have nothing for it.
  virtual std::unique_ptr<Kernel> prepare_convolution(const Device& device, const PrepareContext& context,
                                                      const ConvolutionLayer& layer) = 0;
  virtual std::unique_ptr<Kernel> prepare_dense(const Device& device, const PrepareContext& context,
                                                const Dense& layer) = 0;
};

// What every kernel is made on.
struct Device {
  Queue queue;
  std::shared_ptr<const Memory> memory;
  std::shared_ptr<Libraries> libraries;                // null: own kernels alone
  std::shared_ptr<const Communicator> communicator{};  // null: it trains alone
};

}  // namespace petal::cuda
