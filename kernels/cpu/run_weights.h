#pragma once

#include <span>
#include <vector>

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// The weights of a run: kept here where they are constant, else bound.
class RunWeights {
 public:
  explicit RunWeights(const PrepareContext& context) {
    if (!context.constant_weights) return;
    for (const Tensor* tensor : context.weights) tensors_.push_back(*tensor);
    for (const Tensor& tensor : tensors_) constants_.push_back(tensor.bytes());
  }
  RunWeights(const RunWeights&) = delete;
  RunWeights& operator=(const RunWeights&) = delete;
  std::span<const std::byte* const> operator()(const Bindings& bindings) const {
    return constants_.empty() ? bindings.weights : constants_;
  }

 private:
  std::vector<Tensor> tensors_;
  std::vector<const std::byte*> constants_;
};

}  // namespace petal::cpu
