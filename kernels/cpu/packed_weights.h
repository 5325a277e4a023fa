#pragma once

#include <optional>

#include "kernels/cpu/onednn.h"

namespace petal::cpu {

// One weight array in the layout that a primitive wants. Constant numbers are packed once, here; bound ones
// are packed into scratch at each run, or used as they are where the layouts agree.
class PackedWeights {
 public:
  PackedWeights() = default;
  // `given` is Keras's layout, `wanted` the primitive's. `constant` is null where the numbers come with each
  // run.
  PackedWeights(const Device& device, const std::string& where, const Descriptor& given,
                const Descriptor& wanted, const Tensor* constant, ScratchLayout& scratch);

  // The packed numbers for this run, from the bound ones.
  const void* prepare(const std::byte* bound, std::byte* scratch);

 private:
  ConstantArrays::Array packed_;  // null where the numbers come with each run
  std::optional<Step> reorder_;
  std::size_t offset_ = 0;
};

}  // namespace petal::cpu
