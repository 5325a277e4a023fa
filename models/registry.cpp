#include "models/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/error.h"
#include "models/augmentation.h"
#include "models/cnn.h"
#include "models/inception_v3.h"
#include "models/layer_names.h"
#include "models/mobilenet.h"
#include "models/mobilenet_v2.h"
#include "models/resnet.h"

namespace petal {
namespace {

// Keras's preprocess_input(mode="tf"): 0..255 to -1..1.
NamedLayers to_plus_minus_one() {
  return {{"rescaling", Rescaling{.scale = 1.0f / 127.5f, .offset = -1.0f}}};
}

// Keras's preprocess_input(mode="caffe"): RGB to BGR, less the means of ImageNet. A convolution of one pixel
// does both in one layer that Keras opens too, to the same bits: one product with 1, sums with 0, one bias.
NamedLayers to_bgr_without_mean() {
  const Initializer reversed{.kind = Initializer::Kind::values, .values = {0, 0, 1, 0, 1, 0, 1, 0, 0}};
  const Initializer means{.kind = Initializer::Kind::values, .values = {-103.939f, -116.779f, -123.68f}};
  return {
      {"preprocess_input", Conv2D{.filters = 3, .kernel_initializer = reversed, .bias_initializer = means}}};
}

Graph build_cnn(const ArchitectureOptions& o) {
  CNN options{.image_size = o.image_size, .classes = o.classes};
  if (!o.hidden.empty()) options.hidden = o.hidden;
  if (o.dropout) options.dropout = *o.dropout;
  return cnn(options);
}

Architecture cnn_row(std::string name, std::string title, NamedLayers preprocessing,
                     std::string augmentation) {
  return {.name = std::move(name),
          .title = std::move(title),
          .default_image_size = 160,
          .minimum_image_size = 46,  // four convolutions and poolings leave one pixel
          .alphas = {1.0f},
          .preprocessing = std::move(preprocessing),
          .head_layers = {"predictions"},
          .has_own_head = true,
          .augmentation = std::move(augmentation),
          .build = build_cnn};
}

Architecture resnet_row(int depth, int version) {
  return {.name = fmt::format("resnet{}{}", depth, version == 1 ? "" : "_v2"),
          .title = fmt::format("ResNet{}{}", depth, version == 1 ? "" : "V2"),
          .default_image_size = 224,
          .minimum_image_size = 32,
          .alphas = {1.0f},
          .preprocessing = version == 1 ? to_bgr_without_mean() : to_plus_minus_one(),
          .head_layers = {"predictions"},
          .build = [=](const ArchitectureOptions& o) {
            return resnet({depth, version, o.image_size, o.include_top, o.classes, o.pooling});
          }};
}

// One row an architecture.
const std::vector<Architecture>& table() {
  static const std::vector<Architecture> rows = {
      cnn_row("cnn", "CNN", {}, ""),
      cnn_row("cnn_augmented", "CNN with augmentation", {}, "flip,rotation=0.2"),
      cnn_row("cnn_preprocessed", "CNN with preprocessing and augmentation", to_plus_minus_one(),
              "flip,rotation=0.2"),
      {.name = "mobilenet",
       .title = "MobileNet",
       .default_image_size = 224,
       .minimum_image_size = 32,
       .alphas = {0.25f, 0.50f, 0.75f, 1.0f},
       .preprocessing = to_plus_minus_one(),
       .head_layers = {"conv_preds", "predictions"},
       .build =
           [](const ArchitectureOptions& o) {
             return mobilenet({o.image_size, o.alpha, o.include_top, o.classes, o.pooling});
           }},
      {.name = "mobilenet_v2",
       .title = "MobileNetV2",
       .default_image_size = 224,
       .minimum_image_size = 32,
       .alphas = {0.35f, 0.50f, 0.75f, 1.0f, 1.3f, 1.4f},
       .preprocessing = to_plus_minus_one(),
       .head_layers = {"Logits", "predictions"},
       .build =
           [](const ArchitectureOptions& o) {
             return mobilenet_v2({o.image_size, o.alpha, o.include_top, o.classes, o.pooling});
           }},
      resnet_row(50, 1),
      resnet_row(101, 1),
      resnet_row(152, 1),
      resnet_row(50, 2),
      resnet_row(101, 2),
      resnet_row(152, 2),
      {.name = "inception_v3",
       .title = "InceptionV3",
       .default_image_size = 299,
       .minimum_image_size = 75,
       .alphas = {1.0f},
       .preprocessing = to_plus_minus_one(),
       .head_layers = {"predictions"},
       .build =
           [](const ArchitectureOptions& o) {
             return inception_v3({o.image_size, o.include_top, o.classes, o.pooling});
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
  if (head.single_unit && head.classes != 2) {
    throw Error("--loss", fmt::format("binary_crossentropy tells 2 classes apart, and there are {}; leave it "
                                      "out, or give two folders",
                                      head.classes));
  }
  if (!(head.dropout >= 0.0f && head.dropout < 1.0f)) {
    throw Error("--dropout", fmt::format("the rate is 0 or more and below 1, not {}", head.dropout));
  }
  for (const std::int64_t units : head.hidden) {
    if (units < 1) throw Error("--hidden", fmt::format("a layer has at least 1 unit, not {}", units));
  }
}

// All values between that a convolution of one pixel can give: where a weight is negative, the other end of
// the range is the one that counts.
Range range_behind(const Conv2D& layer, Range range) {
  const std::vector<float>& kernel = layer.kernel_initializer.values;
  const std::vector<float>& bias = layer.bias_initializer.values;
  Range all{};
  for (std::size_t filter = 0; filter < bias.size(); ++filter) {
    Range one{bias[filter], bias[filter]};
    for (std::size_t at = filter; at < kernel.size(); at += bias.size()) {
      one.lower += kernel[at] * (kernel[at] < 0 ? range.upper : range.lower);
      one.upper += kernel[at] * (kernel[at] < 0 ? range.lower : range.upper);
    }
    all = filter == 0 ? one : Range{std::min(all.lower, one.lower), std::max(all.upper, one.upper)};
  }
  return all;
}

// The range of pixels behind the preprocessing, where augmentation stands.
Range pixel_range(const Architecture& architecture) {
  Range range{0, 255};
  for (const auto& [name, layer] : architecture.preprocessing) {
    if (const auto* rescaling = std::get_if<Rescaling>(&layer)) {
      range.lower = range.lower * rescaling->scale + rescaling->offset;
      range.upper = range.upper * rescaling->scale + rescaling->offset;
    } else {
      range = range_behind(std::get<Conv2D>(layer), range);
    }
  }
  return range;
}

// Input in 0..255 -> preprocessing -> augmentation -> body, in the builder.
Value add_photo_body(GraphBuilder& g, const Architecture& architecture, std::string_view augment,
                     const Graph& body) {
  const Shape& taken = body[body.inputs()[0]].shape;
  const Augmentation augmentation = read_augmentation(augment, pixel_range(architecture), taken[0]);
  Value x = g.input({augmentation.input_size, augmentation.input_size, 3});
  for (const auto& [name, layer] : architecture.preprocessing) {
    x = g.add(Node{.name = name, .layer = layer, .trainable = false}, {x});
  }
  for (const auto& [name, layer] : augmentation.layers) x = g.add(name, layer, x);
  return g.append(body, std::span(&x, 1))[0];
}

// The last layer: a probability a class, or that of the second alone.
Dense last_layer(const Head& head) {
  if (head.single_unit) return {.units = 1, .activation = ActivationFunction::sigmoid};
  return {.units = head.classes, .activation = ActivationFunction::softmax};
}

// The graph with another layer at its end.
Graph with_last_layer(const Graph& graph, const Dense& last) {
  GraphBuilder g(graph.name());
  std::vector<Value> values;
  for (const Node& node : graph.nodes()) {
    std::vector<Value> inputs;
    for (int input : node.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    Node copy = node;
    if (static_cast<int>(values.size()) == graph.outputs()[0]) copy.layer = last;
    values.push_back(g.add(copy, inputs));
  }
  return std::move(g).build({values.back()});
}

Value add_head(GraphBuilder& g, const Head& head, Value x) {
  x = g.add("global_average_pooling2d", GlobalAveragePooling2D{}, x);
  int dropouts = 0;
  const auto drop = [&] {
    if (head.dropout > 0.0f) x = g.add(numbered("dropout", dropouts++), Dropout{.rate = head.dropout}, x);
  };
  int dense = 0;
  for (const std::int64_t units : head.hidden) {
    drop();
    x = g.add(numbered("dense", dense++), Dense{.units = units, .activation = ActivationFunction::relu}, x);
  }
  drop();
  return g.add("predictions", last_layer(head), x);
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
  const Value x = add_photo_body(g, architecture, {}, body);
  return std::move(g).build({x});
}

Graph training_graph(const Architecture& architecture, const ArchitectureOptions& options, const Head& head,
                     std::string_view augmentation, bool from_scratch) {
  require_legal(head);
  ArchitectureOptions own = legal(architecture, options);
  own.include_top = architecture.has_own_head;
  own.classes = head.classes;
  own.hidden = head.hidden;
  own.dropout = head.dropout;
  const Graph body = architecture.build(own);
  GraphBuilder g(body.name());
  if (architecture.has_own_head) {
    const Graph whole = head.single_unit ? with_last_layer(body, last_layer(head)) : body;
    return std::move(g).build({add_photo_body(g, architecture, augmentation, whole)});
  }
  const Graph base = body.with_trainable([&](const Node&) { return from_scratch; });
  const Value features = add_photo_body(g, architecture, augmentation, base);
  return std::move(g).build({add_head(g, head, features)});
}

}  // namespace petal
