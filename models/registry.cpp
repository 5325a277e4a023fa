#include "models/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/error.h"
#include "models/mobilenet_v2.h"

namespace petal {
namespace {

// Keras's preprocess_input(mode="tf"): 0..255 to -1..1.
std::vector<std::pair<std::string, Layer>> to_plus_minus_one() {
  return {{"rescaling", Rescaling{.scale = 1.0f / 127.5f, .offset = -1.0f}}};
}

// One row an architecture.
const std::vector<Architecture>& table() {
  static const std::vector<Architecture> rows = {
      {.name = "mobilenet_v2",
       .title = "MobileNetV2",
       .default_image_size = 224,
       .minimum_image_size = 32,
       .alphas = {0.35f, 0.50f, 0.75f, 1.0f, 1.3f, 1.4f},
       .preprocessing = to_plus_minus_one(),
       .head_layers = {"Logits", "predictions"},
       .build =
           [](const ArchitectureOptions& o) {
             return mobilenet_v2({o.image_size, o.alpha, o.include_top, o.classes});
           }},
  };
  return rows;
}

// The options with the default size filled in; throws for what the architecture cannot be built with.
ArchitectureOptions legal(const Architecture& architecture, ArchitectureOptions options) {
  if (options.image_size == 0) options.image_size = architecture.default_image_size;
  if (options.image_size < architecture.minimum_image_size || options.image_size > maximum_image_size) {
    throw Error("--image-size",
                fmt::format("{} takes photos of {} to {} pixels a side ({} by default), not {}",
                            architecture.title, architecture.minimum_image_size, maximum_image_size,
                            architecture.default_image_size, options.image_size));
  }
  if (std::ranges::find(architecture.alphas, options.alpha) == architecture.alphas.end()) {
    throw Error("--alpha", fmt::format("{} has no width {}; legal are {}", architecture.title, options.alpha,
                                       fmt::join(architecture.alphas, ", ")));
  }
  if (options.include_top && options.classes < 1) {
    throw Error("--classes", fmt::format("found {}; a classifier needs at least 1", options.classes));
  }
  return options;
}

// Throws unless the head can be built.
void require_legal(const Head& head) {
  if (head.classes < 2) {
    throw Error("head", fmt::format("found {} classes; give 2 or more to tell apart", head.classes));
  }
  if (!(head.dropout >= 0.0f && head.dropout < 1.0f)) {
    throw Error("--dropout", fmt::format("the rate is 0 or more and below 1, not {}", head.dropout));
  }
  for (const std::int64_t units : head.hidden) {
    if (units < 1) throw Error("--hidden", fmt::format("a layer has at least 1 unit, not {}", units));
  }
}

// Input in 0..255 -> preprocessing -> body, in the builder.
Value add_photo_body(GraphBuilder& g, const Architecture& architecture, const Graph& body, bool trainable) {
  Value x = g.input(body[body.inputs()[0]].shape);
  for (const auto& [name, layer] : architecture.preprocessing) x = g.add(name, layer, x);
  const Graph copy = body.with_trainable([trainable](const Node&) { return trainable; });
  return g.append(copy, std::span(&x, 1))[0];
}

// Gives the names "dense", "dense_1", "dense_2", ..., as Keras does.
std::string numbered(std::string_view name, std::size_t index) {
  return index == 0 ? std::string(name) : fmt::format("{}_{}", name, index);
}

Value add_head(GraphBuilder& g, const Head& head, Value x) {
  x = g.add("global_average_pooling2d", GlobalAveragePooling2D{}, x);
  std::size_t dropouts = 0;
  const auto drop = [&] {
    if (head.dropout > 0.0f) x = g.add(numbered("dropout", dropouts++), Dropout{.rate = head.dropout}, x);
  };
  for (std::size_t i = 0; i < head.hidden.size(); ++i) {
    drop();
    x = g.add(numbered("dense", i), Dense{.units = head.hidden[i], .activation = ActivationFunction::relu},
              x);
  }
  drop();
  return g.add("predictions", Dense{.units = head.classes, .activation = ActivationFunction::softmax}, x);
}

}  // namespace

std::span<const Architecture> architectures() {
  return table();
}

const Architecture& architecture(std::string_view name) {
  for (const Architecture& row : table()) {
    if (row.name == name) return row;
  }
  std::vector<std::string_view> names;
  for (const Architecture& row : table()) names.push_back(row.name);
  throw Error("--model", fmt::format("there is no '{}'; known are {}", name, fmt::join(names, ", ")));
}

Graph build_classifier(const Architecture& architecture, const ArchitectureOptions& options) {
  const Graph body = architecture.build(legal(architecture, options));
  GraphBuilder g(body.name());
  const Value x = add_photo_body(g, architecture, body, true);
  return std::move(g).build({x});
}

Graph transfer_graph(const Architecture& architecture, const ArchitectureOptions& options, const Head& head) {
  require_legal(head);
  ArchitectureOptions headless = legal(architecture, options);
  headless.include_top = false;
  const Graph body = architecture.build(headless);
  GraphBuilder g(body.name());
  const Value features = add_photo_body(g, architecture, body, false);
  return std::move(g).build({add_head(g, head, features)});
}

}  // namespace petal
