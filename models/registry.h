#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph.h"

namespace petal {

// The largest image that a classifier is built for, in pixels a side, so that a slip of the keyboard is an
// error and not a request for all memory.
inline constexpr std::int64_t maximum_image_size = 4096;

// How a base is built, as keras.applications names it.
struct ArchitectureOptions {
  std::int64_t image_size = 0;  // 0: the architecture's default
  float alpha = 1.0f;           // width, for the MobileNets; other architectures take 1 only
  bool include_top = true;
  std::int64_t classes = 1000;  // of the head
};

// One architecture that Petal can build by name.
struct Architecture {
  std::string name;   // "mobilenet_v2"
  std::string title;  // "MobileNetV2"
  std::int64_t default_image_size;
  std::int64_t minimum_image_size;
  std::vector<float> alphas;  // legal widths
  // What Keras's preprocess_input does to RGB 0..255, as layers in front.
  std::vector<std::pair<std::string, Layer>> preprocessing;
  // Names under which files keep this architecture's own head ("Logits", "predictions"): what a transfer
  // model leaves out.
  std::vector<std::string> head_layers;
  // The body without preprocessing: input (H, W, 3) as preprocessed; without top its output is the last
  // feature map.
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
};

// Photos in 0..255 -> preprocessing -> body without top, frozen -> global_average_pooling2d -> dropout ->
// [hidden ->] predictions (Dense, softmax). Names as Keras gives them: "global_average_pooling2d", "dropout",
// "dense", "predictions".
Graph transfer_graph(const Architecture& architecture, const ArchitectureOptions& options, const Head& head);

}  // namespace petal
