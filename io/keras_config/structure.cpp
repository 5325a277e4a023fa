#include "io/keras_config/structure.h"

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "engine/error.h"

namespace petal::keras_config {
namespace {

// Models of models of models come to about 8 levels each.
constexpr int deepest = 200;

bool is_reference(const Json& value) {
  return value.is_array() && value.size() >= 3 && value[0].is_string() && value[1].is_number_integer() &&
         value[2].is_number_integer();
}

// The call is 0, or 1 for a model, which in Keras begins with a call of its own. A layer is called once, so
// that there is nothing to choose from.
Reference to_reference(const Json& value, const std::string& where) {
  const auto call = value[1].get<std::int64_t>(), output = value[2].get<std::int64_t>();
  if (call < 0 || call > 1 || output < 0) throw Error(where, "its reference " + shown(value) + " is damaged");
  return {value[0].get<std::string>(), static_cast<std::size_t>(output)};
}

// Arguments of a call besides its inputs.
void read_arguments(const Json& arguments, Call& call, const std::string& where) {
  if (!arguments.is_object())
    throw Error(where, "its call has arguments " + shown(arguments) + "; expected an object");
  for (const auto& [name, value] : arguments.items()) {
    if (value.is_null()) continue;
    if (name == "training" && value.is_boolean()) {
      (value == true ? call.training : call.inference) = true;
    } else {
      throw Error(where, "it is called with " + name + "=" + shown(value) + ", which Petal lacks");
    }
  }
}

// Keras 2: [[name, call, output, {arguments}], ...].
void read_keras2_inputs(const Json& value, Call& call, const std::string& where) {
  if (is_reference(value)) {
    call.inputs.push_back(to_reference(value, where));
    if (value.size() > 3) read_arguments(value[3], call, where);
  } else if (value.is_array()) {
    for (const Json& part : value) read_keras2_inputs(part, call, where);
  } else {
    throw Error(where, "its inbound_nodes hold " + shown(value) + ", which is no reference to a layer");
  }
}

// Keras 3: {"class_name": "__keras_tensor__", "config": {"keras_history": [name, call, output]}}, in lists.
void read_keras3_inputs(const Json& value, Call& call, const std::string& where) {
  if (value.is_array()) {
    for (const Json& part : value) read_keras3_inputs(part, call, where);
    return;
  }
  if (!value.is_object() || value.value("class_name", Json()) != "__keras_tensor__") {
    throw Error(where, "it is called with " + shown(value) + ", which is no layer's output");
  }
  const Json& history = array_member(object_member(value, "config", where), "keras_history", where);
  if (!is_reference(history)) throw Error(where, "its keras_history " + shown(history) + " is damaged");
  call.inputs.push_back(to_reference(history, where));
}

bool holds_tensor(const Json& value) {
  if (value.is_array()) return std::ranges::any_of(value, holds_tensor);
  return value.is_object() && value.value("class_name", Json()) == "__keras_tensor__";
}

void set_constant(const Json& value, Call& call, const std::string& where) {
  if (call.constant) throw Error(where, "it is called with several constants");
  call.constant = Constant{.value = &value, .first = call.inputs.empty()};
}

// An argument is a layer's output, a list of them, or a constant.
void read_keras3_arguments(const Json& arguments, Call& call, const std::string& where) {
  for (const Json& argument : arguments) {
    if (holds_tensor(argument)) {
      read_keras3_inputs(argument, call, where);
    } else if (!argument.is_null()) {
      set_constant(argument, call, where);
    }
  }
}

// A TFOpLambda: [name, call, output, {"y": constant, or [name, call, output], "name": null}], alone or in a
// list; a constant in front is ["_CONSTANT_VALUE", -1, constant, {...}].
Call parse_operation(const Json& node, const std::string& where) {
  const Json& operand = node.is_array() && node.size() == 1 ? node[0] : node;
  const bool complete = operand.is_array() && operand.size() >= 3 && operand[0].is_string();
  if (!complete || (operand.size() > 3 && !operand[3].is_object())) {
    throw Error(where, "its inbound_nodes hold " + shown(node) + ", which is no call of an operation");
  }
  Call call;
  if (operand[0] == "_CONSTANT_VALUE") {
    set_constant(operand[2], call, where);
  } else if (operand[1].is_number_integer() && operand[2].is_number_integer()) {
    call.inputs.push_back(to_reference(operand, where));
  } else {
    throw Error(where, "its reference " + shown(operand) + " is damaged");
  }
  if (operand.size() == 3) return call;
  for (const auto& [name, value] : operand[3].items()) {
    if (value.is_null() || name == "name" || name == "data_format") continue;
    if (is_reference(value)) {
      call.inputs.push_back(to_reference(value, where));
    } else {
      set_constant(value, call, where);
    }
  }
  return call;
}

Call parse_call(const Json& node, const std::string& class_name, const std::string& where) {
  Call call;
  if (class_name == "TFOpLambda" || class_name == "SlicingOpLambda") {
    call = parse_operation(node, where);
  } else if (node.is_object()) {
    read_keras3_arguments(array_member(node, "args", where), call, where);
    if (node.contains("kwargs")) read_arguments(node["kwargs"], call, where);
    // Keras 3 records the mode that a layer is first called in, and runs it in that of the model around it.
    if (!is_model(class_name)) call.training = call.inference = false;
  } else {
    read_keras2_inputs(node, call, where);
  }
  if (call.inputs.empty()) throw Error(where, "it is called without an input");
  return call;
}

const Json& member(const Json& object, const std::string& key, const std::string& where) {
  if (!object.is_object())
    throw Error(where, "the config holds " + shown(object) + " where an object is expected");
  const auto found = object.find(key);
  if (found == object.end()) throw Error(where, "the config lacks '" + key + "'");
  return *found;
}

[[noreturn]] void wrong_type(const std::string& key, const Json& found, const char* expected,
                             const std::string& where) {
  throw Error(where, "'" + key + "' of the config is " + shown(found) + "; expected " + expected);
}

}  // namespace

bool is_functional(const std::string& class_name) {
  return class_name == "Functional" || class_name == "Model";  // Keras before 2.4 said Model
}

bool is_model(const std::string& class_name) {
  return is_functional(class_name) || class_name == "Sequential";
}

const Json& batch_shape(const Json& config) {
  static const Json none;
  if (!config.is_object()) return none;
  for (const char* key : {"batch_input_shape", "batch_shape"}) {
    const auto found = config.find(key);
    if (found != config.end() && found->is_array()) return *found;
  }
  return none;
}

const Json& sequential_layers(const Json& config, const std::string& where) {
  return config.is_array() ? config : array_member(config, "layers", where);
}

const Json& first_input_shape(const Json& model) {
  static const Json none;
  const Json* config = &model;
  while (true) {
    const Json* layers = config;
    if (config->is_object()) {
      const auto found = config->find("layers");
      layers = found == config->end() ? &none : &*found;
    }
    if (!layers->is_array() || layers->empty()) return none;
    const Json& first = layers->front();
    if (!first.is_object() || !first.contains("config")) return none;
    config = &first["config"];
    if (!batch_shape(*config).is_null()) return batch_shape(*config);
  }
}

const Json& object_member(const Json& object, const std::string& key, const std::string& where) {
  const Json& found = member(object, key, where);
  if (!found.is_object()) wrong_type(key, found, "an object", where);
  return found;
}

const Json& array_member(const Json& object, const std::string& key, const std::string& where) {
  const Json& found = member(object, key, where);
  if (!found.is_array()) wrong_type(key, found, "a list", where);
  return found;
}

const std::string& string_member(const Json& object, const std::string& key, const std::string& where) {
  const Json& found = member(object, key, where);
  if (!found.is_string()) wrong_type(key, found, "a string", where);
  return found.get_ref<const std::string&>();
}

Entry parse_entry(const Json& layer, const std::string& where) {
  Entry entry;
  entry.class_name = string_member(layer, "class_name", where);
  const Json& config = member(layer, "config", where);
  // Old Keras wrote a Sequential's config as the list of its layers, without a name.
  if (!config.is_object() && !config.is_array()) wrong_type("config", config, "an object", where);
  entry.config = &config;
  const bool outside = layer.contains("name") && layer["name"].is_string();
  if (outside) {
    entry.name = layer["name"].get<std::string>();
  } else {
    entry.name = config.is_array() ? "sequential" : string_member(config, "name", where);
  }
  if (entry.name.empty()) throw Error(where, "a layer of class " + entry.class_name + " has an empty name");
  const auto nodes = layer.find("inbound_nodes");
  if (nodes == layer.end() || nodes->is_null()) return entry;
  const std::string here = where + ": layer '" + entry.name + "'";
  if (!nodes->is_array()) wrong_type("inbound_nodes", *nodes, "a list", here);
  for (const Json& node : *nodes) entry.calls.push_back(parse_call(node, entry.class_name, here));
  return entry;
}

std::vector<Reference> parse_references(const Json& value, const std::string& where) {
  if (is_reference(value)) return {to_reference(value, where)};
  if (!value.is_structured()) throw Error(where, shown(value) + " is no reference to a layer");
  std::vector<Reference> references;
  for (const Json& part : value) {  // of an object sorted by key, as Keras flattens it
    const std::vector<Reference> more = parse_references(part, where);
    references.insert(references.end(), more.begin(), more.end());
  }
  return references;
}

std::vector<std::size_t> topological_order(const std::vector<Entry>& entries, const std::string& where) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!index.emplace(entries[i].name, i).second) {
      throw Error(where, "two layers have the name '" + entries[i].name + "'");
    }
  }
  std::vector<std::vector<std::size_t>> readers(entries.size());
  std::vector<std::size_t> missing(entries.size(), 0);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (const Call& call : entries[i].calls) {
      for (const Reference& input : call.inputs) {
        const auto found = index.find(input.layer);
        if (found == index.end()) {
          throw Error(where + ": layer '" + entries[i].name + "'",
                      "it reads '" + input.layer + "', which the config does not hold");
        }
        readers[found->second].push_back(i);
        ++missing[i];
      }
    }
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (missing[i] == 0) ready.push(i);
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (const std::size_t reader : readers[order.back()]) {
      if (--missing[reader] == 0) ready.push(reader);
    }
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (missing[i] > 0)
      throw Error(where + ": layer '" + entries[i].name + "'", "it is part of, or behind, a loop");
  }
  return order;
}

Json parse_json(const std::string& text, const std::string& where) {
  const auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest) {
      throw Error(where, "the config is nested deeper than " + std::to_string(deepest) + " levels");
    }
    return true;
  };
  try {
    return Json::parse(text, check_depth);
  } catch (const Json::exception& error) {
    throw Error(where, "the config is no JSON: " + std::string(error.what()));
  }
}

}  // namespace petal::keras_config
