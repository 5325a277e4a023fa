#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/backend.h"

namespace petal::reference {

// A kernel that is one function of its bindings.
template <class Run>
class Loops final : public Kernel {
 public:
  Loops(Run run, std::size_t workspace_bytes) : run_(std::move(run)), workspace_bytes_(workspace_bytes) {}
  void run(const Bindings& bindings) override { run_(bindings); }
  std::size_t workspace_bytes() const override { return workspace_bytes_; }
  std::string implementation() const override { return "loops"; }

 private:
  Run run_;
  std::size_t workspace_bytes_;
};

template <class Run>
std::unique_ptr<Kernel> loops(Run run, std::size_t workspace_bytes = 0) {
  return std::make_unique<Loops<Run>>(std::move(run), workspace_bytes);
}

// Calls f.operator()<float>() or <double>(), as the precision says.
template <class F>
auto with_scalar(Precision precision, F f) {
  return precision == Precision::f64 ? f.template operator()<double>() : f.template operator()<float>();
}

template <class T>
const T* as(const std::byte* bytes) {
  return reinterpret_cast<const T*>(bytes);
}
template <class T>
T* as(std::byte* bytes) {
  return reinterpret_cast<T*>(bytes);
}

// A node's weights, wherever they are: packed here where they hold for good, else what each run binds.
template <class T>
class WeightArrays {
 public:
  explicit WeightArrays(const PrepareContext& context) {
    if (!context.constant_weights) return;
    for (const Tensor* tensor : context.weights) {
      constants_.emplace_back(tensor->values().begin(), tensor->values().end());
    }
  }
  const T* operator()(const Bindings& bindings, std::size_t index) const {
    return constants_.empty() ? as<T>(bindings.weights[index]) : constants_[index].data();
  }

 private:
  std::vector<std::vector<T>> constants_;
};

// Height, width and channels of (N, H, W, C), and the place of an element.
struct Image {
  std::int64_t batch, height, width, channels;

  explicit Image(const Shape& shape)
      : batch(shape[0]), height(shape[1]), width(shape[2]), channels(shape[3]) {}
  std::int64_t at(std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t c) const {
    return ((n * height + y) * width + x) * channels + c;
  }
  bool holds(std::int64_t y, std::int64_t x) const { return y >= 0 && y < height && x >= 0 && x < width; }
};

inline Support supported() {
  return {};
}
inline Support unsupported(std::string reason) {
  return {false, std::move(reason)};
}
// For an operation that has its forward alone.
inline Support forward_only(std::string_view operation, Direction direction) {
  if (direction == Direction::forward) return supported();
  return unsupported(std::string(to_string(direction)) + " of " + std::string(operation) +
                     " arrives with training");
}
// For an operation without weights that has both its directions.
inline Support without_weights(std::string_view operation, Direction direction) {
  if (direction != Direction::backward_weights) return supported();
  return unsupported(std::string(operation) + " has no weights");
}

}  // namespace petal::reference
