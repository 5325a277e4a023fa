#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/error.h"
#include "io/keras_config.h"
#include "io/keras_config/layers.h"
#include "io/keras_config/operations.h"
#include "io/keras_config/structure.h"

namespace petal {
namespace keras_config {
namespace {

// Nothing that fits a machine has more elements in one sample's value.
constexpr double most_elements = 0x1p36;

// What holds for all layers of a model.
struct Scope {
  bool trainable = true;   // false: the model around them is frozen
  bool inference = false;  // the model around them is called with training=False
  std::string group{};     // the outermost model's layer that they are in; "": they are that model's own
  std::vector<KerasPlace::Step> path{};  // of the models around them
};

// Of the version given, else of the one that the JSON gives, as Keras 2's to_json() does; 3 where neither
// says.
int major_version(const Json& config, std::string_view given) {
  std::string version(given);
  const Json inside = config.value("keras_version", Json());
  if (version.empty() && inside.is_string()) version = inside.get<std::string>();
  const bool says = !version.empty() && version[0] >= '0' && version[0] <= '9';
  return says ? version[0] - '0' : 3;
}

// "LeakyReLU" -> "leakyrelu".
std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// Flattens a Keras model, and the models in it, into one graph.
class Reader {
 public:
  Reader(std::string name, std::string where, int keras, std::int64_t image_size)
      : where_(std::move(where)), builder_(std::move(name)), keras_(keras), image_size_(image_size) {}

  KerasModel read(const Entry& model) {
    std::vector<Value> outputs =
        is_functional(model.class_name) ? functional(model, nullptr, {}) : sequential(model, nullptr, {});
    return {std::move(builder_).build(std::move(outputs)), std::move(places_)};
  }

 private:
  using Values = std::vector<Value>;

  std::string at(const std::string& layer) const { return where_ + ": layer '" + layer + "'"; }

  // The name in the graph: Keras's, where no other model's layer has it already.
  std::string unique_name(const std::string& name, const std::string& model) {
    std::string unique = name;
    for (int number = 0; !names_.insert(unique).second; ++number) {
      unique = model + "_" + name + (number > 0 ? "_" + std::to_string(number) : "");
    }
    return unique;
  }

  Shape fixed_shape(const Json& shape, const std::string& layer) const {
    std::vector<std::int64_t> dims;
    double elements = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) {
      const bool is_image_side = shape.size() == 4 && i < 3;
      if (shape[i].is_null() && !(is_image_side && image_size_ > 0)) {
        throw Error(at(layer), "its input shape " + shown(shape) +
                                   " leaves a size open, and Petal needs all but the first: " +
                                   (is_image_side ? "say it with --image-size, or " : "") +
                                   "save the model with a fixed input_shape, such as (224, 224, 3)");
      }
      const Json dim = shape[i].is_null() ? Json(image_size_) : shape[i];
      if (!dim.is_number_integer() || dim < 1 || dim > Options::largest) {
        throw Error(at(layer), "its input shape " + shown(shape) + " is damaged");
      }
      dims.push_back(dim.get<std::int64_t>());
      elements *= static_cast<double>(dims.back());
    }
    if (dims.empty() || dims.size() >= Shape::max_rank || elements > most_elements) {
      throw Error(at(layer), "its input shape " + shown(shape) + " is none of a batch of samples");
    }
    return Shape(std::span<const std::int64_t>(dims));
  }

  // The options of an input that change what it is.
  void check_input(const Entry& entry) const {
    Options options(*entry.config, at(entry.name), entry.class_name);
    options.require_unset("sparse");
    options.require_unset("ragged");
    options.require_unset("optional");
    const Json& type = options.value("dtype");
    if (type == "string" || type == "bool")
      options.fail("has dtype " + shown(type) + "; Petal takes numbers");
    options.finish();
  }

  Value open_input(const Entry& entry, const std::string& model) {
    check_input(entry);
    const Json& shape = batch_shape(*entry.config);
    if (shape.is_null())
      throw Error(at(entry.name), "InputLayer lacks the option batch_input_shape or batch_shape");
    return builder_.input(fixed_shape(shape, entry.name), unique_name(entry.name, model));
  }

  // An inner model's input stands for the value it is called with, whose shape must be among those it takes.
  void check_given(const Entry& entry, Value given) const {
    check_input(entry);
    const Json& shape = batch_shape(*entry.config);
    if (shape.is_null()) return;
    const Shape& found = builder_.shape(given);
    bool fits = shape.size() == found.rank() + 1;
    for (std::size_t i = 0; fits && i < found.rank(); ++i)
      fits = shape[i + 1].is_null() || shape[i + 1] == found[i];
    if (!fits) throw Error(at(entry.name), "it takes " + shown(shape) + " and is given " + found.to_string());
  }

  Scope inner(const Scope& scope, const Entry& model) const {
    const bool frozen = model.config->is_object() && model.config->value("trainable", Json()) == false;
    Scope inside = scope;
    inside.trainable = scope.trainable && !frozen;
    return inside;
  }

  // A layer, or a whole model, called on `inputs`; `position` is its place in the config of the model around
  // it.
  Values call(const Entry& entry, std::size_t position, const Values& inputs, Scope scope,
              const std::string& model) {
    if (scope.group.empty()) scope.group = entry.name;
    scope.path.push_back({entry.class_name, position});
    const bool special = !entry.calls.empty() && (entry.calls[0].training || entry.calls[0].constant);
    if (special && is_model(entry.class_name)) {
      throw Error(at(entry.name), "the model is called with training=true or a constant, which Petal lacks");
    }
    if (is_functional(entry.class_name)) return functional(entry, &inputs, scope);
    if (entry.class_name == "Sequential") return sequential(entry, &inputs, scope);
    return {add_layer(entry, inputs, scope, model)};
  }

  // The layers, or what an operation with a constant is as one.
  std::vector<Layer> layers_of(const Entry& entry, const std::string& where,
                               std::span<const Shape> shapes) const {
    static const Json nothing = Json::object();  // an operation's config says no more than which it is
    const bool recorded = entry.class_name == "TFOpLambda";
    const std::string class_name =
        recorded ? operation_of(string_member(*entry.config, "function", where), where) : entry.class_name;
    const Call call = entry.calls.empty() ? Call{} : entry.calls[0];
    if (call.constant) return {read_operation(class_name, *call.constant, where)};
    std::vector<Layer> layers =
        read_layers(class_name, recorded ? nothing : *entry.config, where, shapes, keras_);
    if (call.training && std::ranges::any_of(layers, computes_otherwise_in_training)) {
      throw Error(where, "it is called with training=true, which Petal lacks");
    }
    return layers;
  }

  // Petal knows inference mode as frozen. Only these compute otherwise in training.
  static bool computes_otherwise_in_training(const Layer& layer) {
    return moves_statistics(layer) || is_regularization(layer) || is_augmentation(layer);
  }

  // The entry's layer under its name, and behind it those of its activation, if it takes any.
  Value add_layer(const Entry& entry, const Values& inputs, const Scope& scope, const std::string& model) {
    const std::string where = at(entry.name);
    if (!entry.config->is_object()) throw Error(where, "its config is no object");
    std::vector<Shape> shapes;
    for (const Value input : inputs) shapes.push_back(builder_.shape(input));
    const std::vector<Layer> layers = layers_of(entry, where, shapes);
    const Json trainable = entry.config->value("trainable", Json());
    if (!trainable.is_null() && !trainable.is_boolean()) {
      throw Error(where, "its trainable is " + shown(trainable) + "; expected true or false");
    }
    Values values = inputs;
    for (const Layer& layer : layers) {
      Node node;
      node.layer = layer;
      node.trainable = scope.trainable && trainable != false;
      if (scope.inference && computes_otherwise_in_training(layer)) node.trainable = false;
      const bool first = &layer == layers.data();
      node.name = unique_name(first ? entry.name : entry.name + "_" + lower_case(kind(layer)), model);
      if (first) places_.push_back({node.name, entry.name, scope.group, scope.path});
      values = {add_node(node, values, where)};
    }
    return values[0];
  }

  Value add_node(const Node& node, const Values& inputs, const std::string& where) {
    try {
      const Value value = builder_.add(node, inputs);
      double elements = 1;
      for (const std::int64_t dim : builder_.shape(value).dims()) elements *= static_cast<double>(dim);
      if (elements > most_elements)
        throw Error(where, "its output " + builder_.shape(value).to_string() + " fits nowhere");
      return value;
    } catch (const Error& error) {
      const std::string what = error.what();
      if (what.starts_with(where_)) throw;
      throw Error(where_, what);
    }
  }

  Value one_input(const Entry& entry, const Values* given) const {
    if (given->size() == 1) return given->front();
    throw Error(at(entry.name), "it takes 1 input and is called with " + std::to_string(given->size()));
  }

  // Keras's preprocess_input takes an image apart and stacks its channels in another order.
  void slice_channels(const Entry& entry, std::unordered_map<std::string, Values>& values,
                      ChannelSlices& slices, const std::string& model) {
    const std::string where = at(entry.name);
    const std::vector<Reference>& inputs = entry.calls[0].inputs;
    if (inputs.size() != 1)
      throw Error(where, "it takes a part of " + std::to_string(inputs.size()) + " values");
    const Value source = resolve(inputs[0], values, where);
    const Shape& shape = builder_.shape(source);
    if (shape.rank() != 3) throw Error(where, "it takes a part of " + shape.to_string() + ", no image");
    const ChannelSlice slice = read_slicing(entry, shape.back(), where);
    if (slice.single) {
      slices.add(entry.name, source, slice.channels[0]);
    } else {
      values[entry.name] = {add_channels(entry, source, slice.channels, model)};
    }
  }

  Value add_channels(const Entry& entry, Value source, std::span<const std::int64_t> channels,
                     const std::string& model) {
    Node node;
    node.name = unique_name(entry.name, model);
    node.layer = select_channels(channels, builder_.shape(source).back());
    node.trainable = false;
    return builder_.add(node, {source});
  }

  Values functional(const Entry& model, const Values* given, Scope around) {
    const std::string where = given == nullptr ? where_ : at(model.name);
    const Scope scope = inner(around, model);
    std::vector<Entry> entries;
    for (const Json& layer : array_member(*model.config, "layers", where))
      entries.push_back(parse_entry(layer, where));
    for (const Entry& entry : entries)
      if (entry.calls.size() > 1) require_one_call(entry);  // before several look like a loop
    const std::vector<std::size_t> order = topological_order(entries, where);

    std::unordered_map<std::string, Values> values;
    ChannelSlices slices;
    bind_inputs(model, entries, given, values, where);
    for (const std::size_t i : order) {
      const Entry& entry = entries[i];
      if (values.contains(entry.name)) continue;  // an input
      require_one_call(entry);
      if (is_slicing(entry)) {
        slice_channels(entry, values, slices, model.name);
        continue;
      }
      if (entry.class_name == "Stack") {
        const ChannelSlices::Stack stack = slices.stack(entry, at(entry.name));
        values[entry.name] = {add_channels(entry, stack.source, stack.channels, model.name)};
        continue;
      }
      Values inputs;
      for (const Reference& input : entry.calls[0].inputs)
        inputs.push_back(resolve(input, values, at(entry.name)));
      Scope called = scope;
      called.inference = called.inference || entry.calls[0].inference;
      values[entry.name] = call(entry, i, inputs, called, model.name);
    }
    const Json& outputs = member_of(model, "output_layers", where);
    Values results;
    for (const Reference& output : parse_references(outputs, where)) {
      results.push_back(resolve(output, values, where));
    }
    if (results.empty()) throw Error(where, "the model has no output");
    return results;
  }

  void require_one_call(const Entry& entry) const {
    if (entry.calls.size() == 1) return;
    throw Error(at(entry.name), entry.class_name + " is called " + std::to_string(entry.calls.size()) +
                                    " times; Petal takes layers that are called once");
  }

  static const Json& member_of(const Entry& model, const std::string& key, const std::string& where) {
    const auto found = model.config->find(key);
    if (found == model.config->end()) throw Error(where, "the config lacks '" + key + "'");
    return *found;
  }

  static Value resolve(const Reference& reference, const std::unordered_map<std::string, Values>& values,
                       const std::string& where) {
    const auto found = values.find(reference.layer);
    if (found == values.end())
      throw Error(where, "it reads '" + reference.layer + "', which the config does not hold");
    if (reference.output >= found->second.size()) {
      throw Error(where, "it reads output " + std::to_string(reference.output) + " of '" + reference.layer +
                             "', which has " + std::to_string(found->second.size()));
    }
    return found->second[reference.output];
  }

  // In the order of input_layers, which is that of the model's arguments.
  void bind_inputs(const Entry& model, const std::vector<Entry>& entries, const Values* given,
                   std::unordered_map<std::string, Values>& values, const std::string& where) {
    const std::vector<Reference> inputs = parse_references(member_of(model, "input_layers", where), where);
    if (given != nullptr && given->size() != inputs.size()) {
      throw Error(where, "it takes " + std::to_string(inputs.size()) + " inputs and is called with " +
                             std::to_string(given->size()));
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto entry = std::ranges::find(entries, inputs[i].layer, &Entry::name);
      if (entry == entries.end() || entry->class_name != "InputLayer") {
        throw Error(where, "input_layers name '" + inputs[i].layer + "', which is no InputLayer");
      }
      if (values.contains(entry->name)) throw Error(where, "input_layers name '" + entry->name + "' twice");
      if (given != nullptr) check_given(*entry, (*given)[i]);
      values[entry->name] = {given != nullptr ? (*given)[i] : open_input(*entry, model.name)};
    }
  }

  Values sequential(const Entry& model, const Values* given, Scope around) {
    const std::string where = given == nullptr ? where_ : at(model.name);
    const Scope scope = inner(around, model);
    std::vector<Entry> entries;
    for (const Json& layer : sequential_layers(*model.config, where))
      entries.push_back(parse_entry(layer, where));
    if (entries.empty()) throw Error(where, "Sequential has no layers");
    const bool has_input = entries[0].class_name == "InputLayer";
    Values values;
    if (given != nullptr) {
      values = {one_input(model, given)};
      if (has_input) check_given(entries[0], values[0]);
    } else {
      values = {has_input ? open_input(entries[0], model.name) : implied_input(model, entries[0])};
    }
    for (std::size_t i = has_input ? 1 : 0; i < entries.size(); ++i) {
      values = call(entries[i], i, values, scope, model.name);
      if (values.size() != 1) throw Error(at(entries[i].name), "it has several outputs inside a Sequential");
    }
    return values;
  }

  // A Sequential without an InputLayer: its first layer's batch_input_shape, or build_input_shape, or the
  // input of the model that stands first.
  Value implied_input(const Entry& model, const Entry& first) {
    const Json* shape = &batch_shape(*first.config);
    if (shape->is_null() && model.config->is_object() && model.config->contains("build_input_shape")) {
      shape = &(*model.config)["build_input_shape"];
    }
    if (shape->is_null() && is_model(first.class_name)) shape = &first_input_shape(*first.config);
    if (!shape->is_array()) {
      throw Error(at(first.name),
                  "the Sequential around it does not say its input shape: save the model after building it "
                  "with a fixed "
                  "input_shape, such as (224, 224, 3)");
    }
    return builder_.input(fixed_shape(*shape, first.name), unique_name(first.name + "_input", model.name));
  }

  std::string where_;
  GraphBuilder builder_;
  int keras_;                // the major version that wrote the config
  std::int64_t image_size_;  // 0: not known
  std::unordered_set<std::string> names_;
  std::vector<KerasPlace> places_;
};

}  // namespace
}  // namespace keras_config

KerasModel read_keras_config(const std::string& json, const std::string& where, const KerasReading& reading) {
  using namespace keras_config;
  const Json config = parse_json(json, where);
  const Entry model = parse_entry(config, where);
  if (!is_model(model.class_name)) {
    throw Error(where, "the model is of class " + model.class_name +
                           "; Petal reads Functional and Sequential models");
  }
  return Reader(model.name, where, major_version(config, reading.keras_version), reading.image_size)
      .read(model);
}

Graph from_keras_config(const std::string& json, const std::string& where, const KerasReading& reading) {
  return read_keras_config(json, where, reading).graph;
}

}  // namespace petal
