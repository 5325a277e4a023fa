#include "models/training_graph.h"

#include <fmt/format.h>

#include <set>

#include "engine/error.h"
#include "models/augmentation.h"

namespace petal {
namespace {

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

// Gives the names "dense", "dense_1", "dense_2", ..., as Keras does, past those that the graph has.
class NewNames {
 public:
  explicit NewNames(const Graph& graph) : graph_(graph) {}
  std::string operator()(const std::string& name) {
    for (int number = 0;; ++number) {
      const std::string numbered = number == 0 ? name : fmt::format("{}_{}", name, number);
      if (!graph_.contains(numbered) && given_.insert(numbered).second) return numbered;
    }
  }

 private:
  const Graph& graph_;
  std::set<std::string> given_;
};

Value add_frozen(GraphBuilder& g, const NamedLayers& layers, NewNames& name, Value x) {
  for (const auto& [wanted, layer] : layers) {
    x = g.add(Node{.name = name(wanted), .layer = layer, .trainable = false}, {x});
  }
  return x;
}

// What goes in: larger than what the body takes where photos are cropped.
Shape photo_shape(const Shape& taken, const Augmentation& augmentation) {
  if (augmentation.input_size == taken[0]) return taken;
  if (taken[0] != taken[1]) {
    throw Error("--augment",
                fmt::format("crop takes square photos, and the base takes {}", taken.to_string()));
  }
  return {augmentation.input_size, augmentation.input_size, taken[2]};
}

// Photos in 0..255 -> preprocessing -> augmentation -> body, in the builder.
Value add_photo_body(GraphBuilder& g, const Base& base, std::string_view augment, NewNames& name) {
  const Node& input = base.body[base.body.inputs()[0]];
  const Augmentation augmentation =
      read_augmentation(augment, pixel_range(base.preprocessing), input.shape[0]);
  Value x = g.input(photo_shape(input.shape, augmentation), input.name);
  x = add_frozen(g, base.preprocessing, name, x);
  for (const auto& [wanted, layer] : augmentation.layers) x = g.add(name(wanted), layer, x);
  return g.append(base.body, std::span(&x, 1))[0];
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

Value add_head(GraphBuilder& g, const Head& head, NewNames& name, Value x) {
  if (g.shape(x).rank() == 3) x = g.add(name("global_average_pooling2d"), GlobalAveragePooling2D{}, x);
  const auto drop = [&] {
    if (head.dropout > 0.0f) x = g.add(name("dropout"), Dropout{.rate = head.dropout}, x);
  };
  for (const std::int64_t units : head.hidden) {
    drop();
    x = g.add(name("dense"), Dense{.units = units, .activation = ActivationFunction::relu}, x);
  }
  drop();
  return g.add(name("predictions"), last_layer(head), x);
}

void require_features(const Graph& body) {
  const Shape& features = body[body.outputs()[0]].shape;
  if (features.rank() == 1 || features.rank() == 3) return;
  throw Error("--features", fmt::format("'{}' gives {}; features are an image (H, W, C) or a vector (C)",
                                        body[body.outputs()[0]].name, features.to_string()));
}

}  // namespace

Graph with_preprocessing(const NamedLayers& preprocessing, const Graph& body) {
  GraphBuilder g(body.name());
  const Node& input = body[body.inputs()[0]];
  NewNames name(body);
  const Value photos = g.input(input.shape, input.name);
  const Value x = add_frozen(g, preprocessing, name, photos);
  return std::move(g).build(g.append(body, std::span(&x, 1)));
}

Graph training_graph(const Base& base, const Head& head, std::string_view augmentation, bool from_scratch) {
  require_legal(head);
  require_features(base.body);
  NewNames name(base.body);
  GraphBuilder g(base.body.name());
  const Base trained{base.body.with_trainable([&](const Node&) { return from_scratch; }), base.preprocessing};
  const Value features = add_photo_body(g, trained, augmentation, name);
  return std::move(g).build({add_head(g, head, name, features)});
}

Base base_of(const Architecture& architecture, ArchitectureOptions options) {
  options = legal(architecture, options);
  options.include_top = architecture.has_own_head;
  return {architecture.build(options), architecture.preprocessing};
}

Graph training_graph(const Architecture& architecture, const ArchitectureOptions& options, const Head& head,
                     std::string_view augmentation, bool from_scratch) {
  if (!architecture.has_own_head) {
    return training_graph(base_of(architecture, options), head, augmentation, from_scratch);
  }
  require_legal(head);
  ArchitectureOptions own = options;
  own.classes = head.classes;
  own.hidden = head.hidden;
  own.dropout = head.dropout;
  Base whole = base_of(architecture, own);
  if (head.single_unit) whole.body = with_last_layer(whole.body, last_layer(head));
  NewNames name(whole.body);
  GraphBuilder g(whole.body.name());
  return std::move(g).build({add_photo_body(g, whole, augmentation, name)});
}

}  // namespace petal
