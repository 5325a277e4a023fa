#pragma once

#include <optional>

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// The gradient before a layer's fused activation, which both of its backward directions begin with; of dst's
// type.
class PreActivationGradient {
 public:
  // Takes room for it out of `scratch`; none where the activation is linear.
  PreActivationGradient(ActivationFunction activation, const Device& device, const PrepareContext& context,
                        ScratchLayout& scratch);

  // From the run's diff_dst and dst; diff_dst itself where the activation is linear.
  const std::byte* run(const Bindings& bindings);

 private:
  std::optional<Step> step_;
  std::size_t offset_ = 0;
};

}  // namespace petal::cpu
