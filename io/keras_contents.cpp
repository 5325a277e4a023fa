#include "io/keras_contents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/error.h"
#include "engine/model.h"
#include "io/hdf5/keras_layout.h"
#include "io/keras_config.h"
#include "io/keras_config/structure.h"
#include "io/keras_file.h"
#include "io/model_file.h"

namespace petal {

namespace {

using keras_config::Json;

std::string text_of(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return "";
  const Json& found = object[key];
  return found.is_string() ? found.get<std::string>() : "";
}

void collect_layers(const Json& config, int depth, std::vector<FileLayer>& layers) {
  const Json* entries = &config;  // old Sequentials are lists
  if (config.is_object() && config.contains("layers")) entries = &config["layers"];
  if (!entries->is_array()) return;
  for (const Json& entry : *entries) {
    if (!entry.is_object() || !entry.contains("config")) continue;
    const Json& own = entry["config"];
    const std::string name = text_of(entry, "name");
    layers.push_back({name.empty() ? text_of(own, "name") : name, text_of(entry, "class_name"), depth});
    if (own.is_array() || (own.is_object() && own.contains("layers"))) collect_layers(own, depth + 1, layers);
  }
}

// The optimizer's class and the losses, wherever the Keras that wrote it keeps them.
std::string compiled(const std::string& training) {
  const Json config = Json::parse(training, nullptr, false);
  if (!config.is_object()) return "";
  const auto class_or_text = [&](const char* key) {
    if (!config.contains(key)) return std::string();
    const Json& found = config[key];
    if (found.is_object()) return text_of(found, "class_name");
    return found.is_null() ? std::string() : found.is_string() ? found.get<std::string>() : found.dump();
  };
  std::vector<std::string> parts;
  for (const char* key : {"optimizer_config", "optimizer", "loss"})
    if (std::string part = class_or_text(key); !part.empty()) parts.push_back(std::move(part));
  return fmt::format("{}", fmt::join(parts, ", "));
}

FileModel model_of(const KerasFile& file) {
  const Json config = keras_config::parse_json(*file.config, file.config_where);
  FileModel model;
  model.class_name = text_of(config, "class_name");
  if (config.is_object() && config.contains("config")) {
    model.name = text_of(config["config"], "name");
    collect_layers(config["config"], 0, model.layers);
  }
  if (file.training) model.compiled = compiled(*file.training);
  if (file.facts) {
    Model facts;
    read_model_facts(*file.facts, file.config_where, facts);
    model.labels = facts.labels;
    model.architecture = facts.architecture;
  }
  try {
    const Graph graph =
        from_keras_config(*file.config, file.config_where, {.keras_version = file.keras_version});
    for (const int input : graph.inputs()) model.inputs.push_back({graph[input].name, graph[input].shape});
    for (const int output : graph.outputs())
      model.outputs.push_back({graph[output].name, graph[output].shape});
  } catch (const Error& error) {
    model.unreadable = error.what();
  }
  return model;
}

std::string compression_of(const Hdf5Dataset& dataset) {
  std::vector<std::string> names;
  for (const Hdf5Filter filter : dataset.filters)
    names.push_back(filter == Hdf5Filter::gzip      ? "gzip"
                    : filter == Hdf5Filter::shuffle ? "shuffle"
                                                    : "fletcher32");
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

FileContents inspect_keras_file(const std::filesystem::path& path) {
  const KerasFile file = KerasFile::open(path);
  const KerasLayout layout = read_keras_layout(file.weights);
  FileContents contents{.layout = layout.kind,
                        .keras_version = layout.keras_version,
                        .tensors = {},
                        .model = {},
                        .members = {}};
  if (contents.keras_version.empty()) contents.keras_version = file.keras_version;
  contents.members = file.members;
  if (file.config) {
    contents.model = model_of(file);
    if (!file.members.empty()) contents.layout = "Keras 3 model";
  }
  for (const KerasLayer& layer : layout.layers)
    for (const KerasTensor& tensor : layer.tensors) {
      const Hdf5Dataset& dataset = file.weights.dataset(tensor.dataset);
      const std::uint64_t bytes = dataset.stored_bytes() + dataset.header_bytes.size();
      contents.tensors.push_back(
          {layer.label(), tensor.name, tensor.shape, tensor.type, compression_of(dataset), bytes});
    }
  return contents;
}

}  // namespace petal
