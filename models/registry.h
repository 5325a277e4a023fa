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
#include "models/preprocessing.h"

namespace petal {

// The largest image that a classifier is built for, in pixels a side, so that a slip of the keyboard is an
// error and not a request for all memory.
inline constexpr std::int64_t maximum_image_size = 4096;

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

// The options with the default size filled in. Throws Error(--image-size, --alpha or --classes) for what is
// not legal, naming what is.
ArchitectureOptions legal(const Architecture& architecture, ArchitectureOptions options);

// The whole classifier for photos: input in 0..255, preprocessing, body. Throws as legal.
Graph build_classifier(const Architecture& architecture, const ArchitectureOptions& options);

}  // namespace petal
