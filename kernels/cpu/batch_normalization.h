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

// dst = (src - mean) * scale + shift, each array one number a channel. The mean is taken off first, so that a
// mean far from zero costs no digits. dst may be src.
void normalize(const NormalizedRows& rows, const float* src, const float* mean, const float* scale,
               const float* shift, float* dst);

// The kernels of a layer that is not frozen, in training, for each direction; backward_weights also of a
// frozen one.
KernelPointer prepare_batch_normalization_training(const BatchNormalization& layer,
                                                   const PrepareContext& context);

}  // namespace petal::cpu
