#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/backend.h"
#include "kernels/cuda/device.h"

namespace petal::cuda {

using KernelPointer = std::unique_ptr<Kernel>;

// What a kernel needs besides its operands, and what it is called.
struct KernelFacts {
  std::string implementation = "own";
  std::size_t workspace_bytes = 0;
  std::size_t scratch_bytes = 0;
  int in_place_input = -1;
};

// A kernel that is one function of its bindings, which queues its launches.
template <class Run>
class Launches final : public Kernel {
 public:
  Launches(Run run, KernelFacts facts) : run_(std::move(run)), facts_(std::move(facts)) {}
  void run(const Bindings& bindings) override { run_(bindings); }
  std::size_t workspace_bytes() const override { return facts_.workspace_bytes; }
  std::size_t scratch_bytes() const override { return facts_.scratch_bytes; }
  std::string implementation() const override { return facts_.implementation; }
  int in_place_input() const override { return facts_.in_place_input; }

 private:
  Run run_;
  KernelFacts facts_;
};

template <class Run>
KernelPointer launches(Run run, KernelFacts facts = {}) {
  return std::make_unique<Launches<Run>>(std::move(run), std::move(facts));
}

template <class T>
const T* as(const std::byte* bytes) {
  return reinterpret_cast<const T*>(bytes);
}
template <class T>
T* as(std::byte* bytes) {
  return reinterpret_cast<T*>(bytes);
}

// A node's weights, wherever they are: on the device from here on where they hold for good, else what each
// run binds.
class WeightArrays {
 public:
  WeightArrays(const Device& device, const PrepareContext& context) {
    if (!context.constant_weights) return;
    for (const Tensor* tensor : context.weights) {
      constants_.emplace_back(device.memory, tensor->size_bytes());
      constants_.back().upload(tensor->bytes());
    }
  }
  const float* operator()(const Bindings& bindings, std::size_t index) const {
    return constants_.empty() ? as<float>(bindings.weights[index]) : constants_[index].floats();
  }

 private:
  std::vector<DeviceArray> constants_;
};

// An array on the device that a kernel reads: factors of a layer, tables.
template <class T>
DeviceArray uploaded(const Device& device, const std::vector<T>& numbers) {
  DeviceArray array(device.memory, numbers.size() * sizeof(T));
  array.upload(reinterpret_cast<const std::byte*>(numbers.data()));
  return array;
}

// For an operation without weights that has both its directions.
inline Support without_weights(Direction direction) {
  if (direction != Direction::backward_weights) return {};
  return {false, "it has no weights"};
}

}  // namespace petal::cuda
