#pragma once

#include "engine/layers/activation.h"
#include "kernels/cpu/onednn.h"

namespace petal::cpu {

// One of oneDNN's elementwise operations with its two parameters.
struct Eltwise {
  dnnl::algorithm algorithm;
  float alpha = 0, beta = 0;
};

// What follows a layer's product inside its primitive. Sum, which adds dst's old content, stands first: the
// other order is another result, and one that oneDNN has no fast code for. For is_epilogue alone.
dnnl::post_ops epilogue(bool residual, ActivationFunction activation);
// Whether it can be such an epilogue, or be undone by such a layer's backward.
Support supports_fused(ActivationFunction activation, Direction direction);

// What linear, relu and relu6 do to a number: it becomes the nearest in [least, most]. None of the others.
struct Cut {
  float least, most;
};
std::optional<Cut> cut_of(ActivationFunction function);

// The function as one of oneDNN's, and the one for backward, which reads what backward_needs says; none where
// it has none.
struct EltwisePair {
  Eltwise forward, backward;
};
std::optional<EltwisePair> eltwise(ActivationFunction function);

// DNNL_ARG_SRC to DNNL_ARG_DST, which may be one, over dense rows.
Step eltwise_step(const Device& device, const std::string& where, const Eltwise& operation, std::int64_t rows,
                  std::int64_t channels, ScratchLayout& scratch);
// `value` (DNNL_ARG_DST or DNNL_ARG_SRC, as the operation wants) and DNNL_ARG_DIFF_DST to
// DNNL_ARG_DIFF_SRC, all of them as `data` says.
Step eltwise_backward_step(const Device& device, const std::string& where, const Eltwise& operation,
                           int value, const Descriptor& data, ScratchLayout& scratch);

// The kernels of a layer that is one of oneDNN's operations.
std::unique_ptr<Kernel> prepare_eltwise(const EltwisePair& operation, const Device& device,
                                        const PrepareContext& context);

}  // namespace petal::cpu
