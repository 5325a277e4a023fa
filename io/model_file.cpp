#include "io/model_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/keras_order.h"
#include "io/atomic_file.h"
#include "io/hdf5/file.h"
#include "io/hdf5/keras_weights.h"
#include "io/keras_config.h"

namespace petal {
namespace {

using Json = nlohmann::json;

// Readers refuse a higher one than they know.
constexpr int petal_version = 1;

const std::string weights_group = "model_weights";

// The last Keras 2 whose files every later one reads.
const std::string keras_version = "2.11.0";

std::string facts_of(const std::filesystem::path& file, const Model& model) {
  const Json facts = {{"version", petal_version},
                      {"labels", model.labels},
                      {"architecture", model.architecture},
                      {"apply_exif_orientation", model.apply_exif_orientation}};
  try {
    return facts.dump();
  } catch (const Json::exception&) {
    throw Error(file.string(), "a label is not UTF-8; rename its class");
  }
}

// Every label names one class of the output; one number alone, a logit or a sigmoid, tells two apart.
void require_fitting_labels(const std::filesystem::path& file, const Model& model) {
  if (model.labels.empty()) return;
  const Graph& graph = model.network.graph;
  const Shape& shape = graph[graph.outputs()[0]].shape;
  const std::int64_t classes = shape.rank() == 0 ? 0 : shape.back();
  const std::ptrdiff_t labels = std::ssize(model.labels);
  if (labels != classes && !(classes == 1 && labels == 2)) {
    throw Error(file.string(), "there are " + std::to_string(model.labels.size()) + " labels for the " +
                                   std::to_string(classes) + " classes of '" +
                                   graph[graph.outputs()[0]].name + "'");
  }
}

void write_layer(Hdf5File& file, const Node& node, const Network& network) {
  const std::string group = weights_group + "/" + node.name;
  file.create_group(group);
  std::vector<std::string> names;
  for (const WeightDeclaration& weight : network.graph.weights(node)) {
    names.push_back(weight.name + ":0");
    const Tensor& tensor = network.weights.at(weight.name);
    file.write_dataset(group + "/" + names.back(), tensor.shape(), tensor.values());
  }
  file.write_strings_attribute(group, "weight_names", names);
}

void write_weights(Hdf5File& file, const Network& network) {
  file.create_group(weights_group);
  file.write_string_attribute(weights_group, "backend", "tensorflow");
  file.write_string_attribute(weights_group, "keras_version", keras_version);
  std::vector<std::string> layers;
  // Keras fills its layers in this order, whatever their names.
  for (const int index : keras_order(network.graph)) {
    const Node& node = network.graph[index];
    layers.push_back(node.name);
    write_layer(file, node, network);
  }
  file.write_strings_attribute(weights_group, "layer_names", layers);
}

template <class T>
T fact(const Json& facts, const std::string& key, const std::string& where) {
  try {
    return facts.at(key).get<T>();
  } catch (const Json::exception& error) {
    throw Error(where, "its attribute `petal` is damaged: " + std::string(error.what()));
  }
}

// Whether the network itself brings photos to its range.
bool rescales_photos(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [&](const Node& node) {
    const bool rescales =
        std::holds_alternative<Rescaling>(node.layer) || std::holds_alternative<Normalization>(node.layer);
    return rescales && node.shape == graph[graph.inputs()[0]].shape;
  });
}

void read_facts(const std::string& text, const std::string& where, Model& model) {
  const Json facts = Json::parse(text, nullptr, false);
  if (!facts.is_object()) throw Error(where, "its attribute `petal` is damaged: it is no JSON object");
  const int version = fact<int>(facts, "version", where);
  if (version > petal_version) {
    throw Error(where, "it was written by a newer Petal (layout " + std::to_string(version) + ", known is " +
                           std::to_string(petal_version) + "); read it with that");
  }
  model.labels = fact<std::vector<std::string>>(facts, "labels", where);
  model.architecture = fact<std::string>(facts, "architecture", where);
  model.apply_exif_orientation = fact<bool>(facts, "apply_exif_orientation", where);
}

}  // namespace

void save_model(const std::filesystem::path& file, const Model& model) {
  const std::string config = to_keras_config(model.network.graph);
  const std::string facts = facts_of(file, model);
  require_complete(model.network.graph, model.network.weights);
  require_fitting_labels(file, model);
  write_atomically(file, [&](const std::filesystem::path& path) {
    Hdf5File out = Hdf5File::create(path);
    out.write_string_attribute("", "keras_version", keras_version);
    out.write_string_attribute("", "backend", "tensorflow");
    out.write_string_attribute("", "model_config", config);
    out.write_string_attribute("", "petal", facts);
    write_weights(out, model.network);
    out.close();
  });
}

Model load_model(const std::filesystem::path& file) {
  const std::string where = file.string();
  const Hdf5File in = Hdf5File::open(file);
  const std::optional<std::string> config = in.string_attribute("", "model_config");
  if (!config) {
    throw Error(
        where,
        "it holds no model_config, so no whole model; where it holds weights, name their architecture");
  }
  Model model;
  const std::optional<std::string> version = in.string_attribute("", "keras_version");
  model.network.graph = from_keras_config(*config, where, version.value_or(""));
  load_keras_weights(file, model.network.graph, model.network.weights);
  if (const std::optional<std::string> facts = in.string_attribute("", "petal")) {
    read_facts(*facts, where, model);
    require_fitting_labels(file, model);
  } else {
    model.apply_exif_orientation = false;  // as Keras decodes
    model.takes_photos = rescales_photos(model.network.graph);
  }
  return model;
}

bool is_whole_model(const std::filesystem::path& file) {
  if (Hdf5File::open(file).has_attribute("", "model_config")) return true;
  inspect_keras_file(file);  // throws where it holds no weights either
  return false;
}

}  // namespace petal
