#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/numbers.h"

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

// A kernel that has a function for each direction of its node.
class DirectedKernel : public Kernel {
 public:
  explicit DirectedKernel(Direction direction) : direction_(direction) {}
  void run(const Bindings& b) final {
    switch (direction_) {
      case Direction::forward:
        return forward(b);
      case Direction::backward_data:
        return backward_data(b);
      case Direction::backward_weights:
        return backward_weights(b);
    }
  }

 protected:
  const Direction direction_;

 private:
  virtual void forward(const Bindings& b) = 0;
  virtual void backward_data(const Bindings& b) = 0;
  virtual void backward_weights(const Bindings& b) = 0;
};

template <class T>
const T* as(const std::byte* bytes) {
  return reinterpret_cast<const T*>(bytes);
}
template <class T>
T* as(std::byte* bytes) {
  return reinterpret_cast<T*>(bytes);
}

// An array on the device that a kernel reads: factors of a layer, tables.
template <class T>
DeviceArray uploaded(const Device& device, const std::vector<T>& numbers) {
  DeviceArray array(device.memory, numbers.size() * sizeof(T));
  array.upload(reinterpret_cast<const std::byte*>(numbers.data()));
  return array;
}

// The same of a tensor of floats, rounded where `type` is a half.
inline DeviceArray uploaded(const Device& device, const Tensor& tensor, DataType type = DataType::f32) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.elements()) * size_of(type));
  const Results rounded(bytes.data(), type);
  for (Index i = 0; i < tensor.elements(); ++i) rounded[i] = tensor.values()[static_cast<std::size_t>(i)];
  return uploaded(device, bytes);
}

// A node's weights, wherever they are: on the device from here on where they hold for good, else what each
// run binds. Floats, but for the first, which is of `first_type`.
class WeightArrays {
 public:
  WeightArrays(const Device& device, const PrepareContext& context, DataType first_type = DataType::f32)
      : first_type_(first_type) {
    if (!context.constant_weights) return;
    for (const Tensor* tensor : context.weights)
      constants_.push_back(uploaded(device, *tensor, constants_.empty() ? first_type : DataType::f32));
  }
  Numbers first(const Bindings& bindings) const { return {bytes(bindings, 0), first_type_}; }
  const float* operator()(const Bindings& bindings, std::size_t index) const {
    return as<float>(bytes(bindings, index));
  }

 private:
  const std::byte* bytes(const Bindings& bindings, std::size_t index) const {
    return constants_.empty() ? bindings.weights[index] : constants_[index].data();
  }

  DataType first_type_;
  std::vector<DeviceArray> constants_;
};

// For an operation without weights that has both its directions.
inline Support without_weights(Direction direction) {
  if (direction != Direction::backward_weights) return {};
  return {false, "it has no weights"};
}

}  // namespace petal::cuda
