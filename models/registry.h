#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph.h"
#include "models/pooling.h"

namespace petal {

// The largest image that a classifier is built for, in pixels a side, so that a slip of the keyboard is an
// error and not a request for all memory.
inline constexpr std::int64_t maximum_image_size = 4096;

using NamedLayers = std::vector<std::pair<std::string, Layer>>;

// How a base is built, as keras.applications names it.
struct ArchitectureOptions {
  std::int64_t image_size = 0;  // 0: the architecture's default
  float alpha = 1.0f;           // width, for the MobileNets; other architectures take 1 only
  bool include_top = true;
  std::int64_t classes = 1000;      // of the head
  Pooling pooling = Pooling::none;  // without top
  // Of an architecture that has_own_head; nothing: its own.
  std::vector<std::int64_t> hidden{};
  std::optional<float> dropout{};
};

// One architecture that Petal can build by name.
struct Architecture {
  std::string name;   // "mobilenet_v2"
  std::string title;  // "MobileNetV2"
  std::int64_t default_image_size;
  std::int64_t minimum_image_size;
  std::vector<float> alphas;  // legal widths
  // What Keras's preprocess_input does to RGB 0..255, as layers in front; never trained. Weights in them are
  // stated (Initializer::Kind::values).
  NamedLayers preprocessing;
  // Names under which files keep this architecture's own head ("Logits", "predictions"): what a transfer
  // model leaves out.
  std::vector<std::string> head_layers;
  // No base to put a head on: the whole is one network, trained from scratch.
  bool has_own_head = false;
  // Its recipe's augmentation, as models/augmentation.h reads it; empty: none.
  std::string augmentation{};
  // The body without preprocessing: input (H, W, 3) as preprocessed; without top its output is the last
  // feature map, or what pooling leaves of it.
  std::function<Graph(const ArchitectureOptions&)> build;
};

std::span<const Architecture> architectures();
// Throws Error(--model) that lists the known names.
const Architecture& architecture(std::string_view name);

// The whole classifier for photos: input in 0..255, preprocessing, body. Throws Error(--image-size or
// --alpha) for what is not legal, naming what is.
Graph build_classifier(const Architecture& architecture, const ArchitectureOptions& options);

// The trainable end that transfer learning puts on a base.
struct Head {
  std::int64_t classes = 2;
  std::vector<std::int64_t> hidden{};  // units of relu Dense layers in front of the last
  float dropout = 0.2f;                // before every Dense layer; 0: none
  // Of two classes: one sigmoid unit, the second's probability, in place of softmax.
  bool single_unit = false;
};

// What is trained: photos in 0..255 -> preprocessing -> augmentation -> body without top, frozen unless
// `from_scratch` -> global_average_pooling2d -> dropout -> [hidden ->] predictions (Dense, softmax). Names as
// Keras gives them: "global_average_pooling2d", "dropout", "dense", "predictions". An architecture that
// has_own_head is its whole self in place of body and head, and all trainable. `augmentation` is text for
// models/augmentation.h. Throws Error as build_classifier and read_augmentation, and for a head that cannot
// be built.
Graph training_graph(const Architecture& architecture, const ArchitectureOptions& options, const Head& head,
                     std::string_view augmentation = {}, bool from_scratch = false);

}  // namespace petal
