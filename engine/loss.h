#pragma once

#include <string_view>

namespace petal {

// A loss between predictions (N, C) and targets; the batch's loss is the mean over N.
struct Loss {
  enum class Kind {
    sparse_categorical_crossentropy,  // targets: int32 (N), class numbers; -log p[target]
    categorical_crossentropy,         // targets: float32 (N, C); -sum_c t_c log p_c
    binary_crossentropy,  // targets: float32 (N, C); mean over C of -(t log p + (1 - t) log(1 - p))
  };
  Kind kind = Kind::sparse_categorical_crossentropy;
  // true: predictions are logits; the softmax or sigmoid is part of the loss, in its stable form. false:
  // probabilities, clipped to [1e-7, 1 - 1e-7] as Keras does: categorical ones after they are divided by
  // their sum, sparse ones before.
  bool from_logits = false;
  // Targets become t * (1 - s) + s / C (binary: + s / 2); not for sparse targets.
  float label_smoothing = 0.0f;
};

std::string_view to_string(Loss::Kind kind);

}  // namespace petal
