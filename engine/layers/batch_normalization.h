#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Ioffe & Szegedy 2015, along the innermost dimension: dst = gamma * (src - mean) / sqrt(variance + epsilon)
// + beta, with the batch's mean and (biased) variance in training where the layer is trainable, else with the
// moving ones. Weights gamma, beta; statistics moving_mean, moving_variance, which training moves: moving =
// moving * momentum + batch * (1 - momentum), as Keras.
struct BatchNormalization {
  static constexpr std::string_view kind = "BatchNormalization";
  float momentum = 0.99f;
  float epsilon = 1e-3f;
  bool scale = true;   // has gamma
  bool center = true;  // has beta
  friend bool operator==(const BatchNormalization&, const BatchNormalization&) = default;
};

Shape infer_shape(const BatchNormalization& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const BatchNormalization& layer, std::span<const Shape> src);
std::int64_t operations(const BatchNormalization& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const BatchNormalization& layer);

}  // namespace petal
