#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/keras_config/options.h"

namespace petal::keras_config {

// Which output of which layer: Keras's [name, call, output].
struct Reference {
  std::string layer;
  std::size_t output = 0;
};

// What an operation is called with besides a layer's output.
struct Constant {
  const Json* value = nullptr;
  bool first = false;  // of the two
};

// How a layer is called: Keras 2's and Keras 3's inbound_nodes in one form.
struct Call {
  std::vector<Reference> inputs;
  bool inference = false;  // training=False was given
  bool training = false;   // training=True was given
  std::optional<Constant> constant{};
};

// One element of a model's `layers`.
struct Entry {
  std::string name;
  std::string class_name;
  const Json* config = nullptr;
  std::vector<Call> calls;
};

bool is_functional(const std::string& class_name);
bool is_model(const std::string& class_name);

// Member `key` of an object. Throws Error(`where`) where there is none or it is of another type.
const Json& object_member(const Json& object, const std::string& key, const std::string& where);
const Json& array_member(const Json& object, const std::string& key, const std::string& where);
const std::string& string_member(const Json& object, const std::string& key, const std::string& where);

// The batch_input_shape of Keras 2 or the batch_shape of Keras 3; null where there is neither.
const Json& batch_shape(const Json& config);
// `layers` of a Sequential; old Keras wrote the list alone.
const Json& sequential_layers(const Json& config, const std::string& where);
// What a model takes, by its own first layer or that of the model that stands first in it; null where it does
// not say.
const Json& first_input_shape(const Json& model);

Entry parse_entry(const Json& layer, const std::string& where);

// input_layers and output_layers: one reference, or lists or objects of them, in Keras's order.
std::vector<Reference> parse_references(const Json& value, const std::string& where);

// An order in which every entry comes after those it reads, and otherwise as they stand. Throws
// Error(`where`) for a name that is there twice, a reference to a layer that is not there, and a loop.
std::vector<std::size_t> topological_order(const std::vector<Entry>& entries, const std::string& where);

// The config's text as JSON. Throws Error(`where`) where it is malformed or too deeply nested.
Json parse_json(const std::string& text, const std::string& where);

}  // namespace petal::keras_config
