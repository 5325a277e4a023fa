#pragma once

#include "kernels/cpu/run_weights.h"

namespace petal::cpu {

// src as rows of C channels, with the arrays that a BatchNormalization declares.
struct NormalizedRows {
  NormalizedRows(const BatchNormalization& described, const PrepareContext& context)
      : layer(described),
        channels(context.dst.shape.back()),
        rows(context.dst.shape.elements() / context.dst.shape.back()) {}

  std::size_t channel_bytes() const { return static_cast<std::size_t>(channels) * sizeof(float); }
  // Of any array in order of declare_weights; gamma and beta are null where the layer has none.
  template <class Pointer>
  Pointer gamma(std::span<const Pointer> arrays) const {
    return layer.scale ? arrays[0] : nullptr;
  }
  template <class Pointer>
  Pointer beta(std::span<const Pointer> arrays) const {
    return layer.center ? arrays[layer.scale ? 1 : 0] : nullptr;
  }
  std::size_t first_statistic() const { return std::size_t{layer.scale} + std::size_t{layer.center}; }

  BatchNormalization layer;
  std::int64_t channels, rows;
};

// One number a channel each.
struct ChannelFactors {
  const float *mean, *scale, *shift;
};
// dst = activation((src - mean) * scale + shift). The mean is taken off first, so that a mean far from zero
// costs no digits. dst may be src. For the activations of is_normalized_activation.
void normalize(const NormalizedRows& rows, const float* src, const ChannelFactors& factors,
               ActivationFunction activation, float* dst);
// Whether the kernels below take it: linear, relu, relu6.
bool is_normalized_activation(ActivationFunction activation);

// The kernels of a layer that is not frozen, in training, for each direction, with the activation behind it;
// backward_weights also of a frozen one. Backward reads src and no dst.
KernelPointer prepare_batch_normalization_training(const BatchNormalization& layer,
                                                   ActivationFunction activation,
                                                   const PrepareContext& context);
KernelPointer prepare_batch_normalization_gradient(const BatchNormalization& layer,
                                                   ActivationFunction activation,
                                                   const PrepareContext& context);
// A BatchNormalization that is not frozen and the relu or relu6 behind it, in training, as one kernel of each
// direction; null for other chains.
KernelPointer prepare_normalized_activation(std::span<const PrepareContext> chain);

}  // namespace petal::cpu
