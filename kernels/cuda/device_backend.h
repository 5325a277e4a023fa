#pragma once

#include "engine/backend.h"
#include "kernels/cuda/device.h"

namespace petal::cuda {

// The kernels of this folder on a device: on a GPU in the plugin, and as loops on the host in the tests.
class DeviceBackend : public Backend {
 public:
  explicit DeviceBackend(Device device) : device_(std::move(device)) {}

  int threads() const override { return 1; }
  std::shared_ptr<const Memory> memory() const override { return device_.memory; }
  const Communicator* communicator() const override { return device_.communicator.get(); }
  Support supports(const Node& node, Precision precision, Direction direction) const override;
  std::unique_ptr<Kernel> prepare(const PrepareContext& context) const override;
  std::unique_ptr<Kernel> prepare_sum(Precision precision, std::int64_t elements, int terms) const override;
  std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, TensorDescription predictions) const override;
  std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) const override;

 private:
  Device device_;
};

}  // namespace petal::cuda
