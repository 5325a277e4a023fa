#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/registry.h"

namespace petal {

// The trainable end that transfer learning puts on a base.
struct Head {
  std::int64_t classes = 2;
  std::vector<std::int64_t> hidden{};  // units of relu Dense layers in front of the last
  float dropout = 0.2f;                // before every Dense layer; 0: none
  // Of two classes: one sigmoid unit, the second's probability, in place of softmax.
  bool single_unit = false;
};

// A base without its head: from preprocessed photos (H, W, 3) to features, an image (h, w, C) or a vector
// (C).
struct Base {
  Graph body;
  NamedLayers preprocessing;  // what it wants done to photos in 0..255
};

// `preprocessing` and then `body`, for photos in 0..255; names that both have are numbered anew in front.
Graph with_preprocessing(const NamedLayers& preprocessing, const Graph& body);

// What is trained: photos in 0..255 -> preprocessing -> augmentation -> body, frozen unless `from_scratch` ->
// global_average_pooling2d, where the body gives an image -> dropout -> [hidden ->] predictions (Dense,
// softmax). Names as Keras gives them: "global_average_pooling2d", "dropout", "dense", "predictions",
// numbered on where the body has them. Preprocessing is never trained. `augmentation` is text for
// models/augmentation.h. Throws Error as read_augmentation, and for a head that cannot be built.
Graph training_graph(const Base& base, const Head& head, std::string_view augmentation = {},
                     bool from_scratch = false);

// The same over an architecture of ours. One that has_own_head is its whole self in place of body and head,
// and all trainable. Throws Error also as `legal`.
Graph training_graph(const Architecture& architecture, const ArchitectureOptions& options, const Head& head,
                     std::string_view augmentation = {}, bool from_scratch = false);

// The architecture without its head, as it stands in a training graph. Throws Error as `legal`.
Base base_of(const Architecture& architecture, ArchitectureOptions options);

}  // namespace petal
