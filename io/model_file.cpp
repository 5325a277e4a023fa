#include "io/model_file.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/hdf5/keras_weights.h"
#include "io/hdf5/keras_writer.h"
#include "io/keras_config.h"
#include "io/keras_contents.h"
#include "io/keras_file.h"

namespace petal {
namespace {

using Json = nlohmann::json;

// Readers refuse a higher one than they know. From 2 on there is a checksum.
constexpr int petal_version = 2;

// The last Keras 2 whose files every later one reads, and the first that has .keras archives of this form.
const std::string keras2_version = "2.11.0", keras3_version = "3.0.0";

Json facts_of(const std::filesystem::path& file, const Model& model) {
  Json facts = {
      {"version", petal_version},           {"labels", model.labels},
      {"architecture", model.architecture}, {"apply_exif_orientation", model.apply_exif_orientation},
      {"fast_decode", model.fast_decode},   {"takes_photos", model.takes_photos}};
  try {
    static_cast<void>(facts.dump());
  } catch (const Json::exception&) {
    throw Error(file.string(), "a label is not UTF-8; rename its class");
  }
  return facts;
}

// Over all that makes the model what it is.
std::string checksum(const std::string& config, const std::string& facts, const Network& network) {
  const std::string text =
      fmt::format("{}\n{}\n{:016x}", config, facts, content_hash(network.graph, network.weights));
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
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

void write_hdf5(const std::filesystem::path& path, const std::string& config, const std::string& facts,
                const Network& network) {
  Hdf5Writer out = Hdf5Writer::create(path);
  out.write_string_attribute("", "keras_version", keras2_version);
  out.write_string_attribute("", "backend", "tensorflow");
  out.write_string_attribute("", "model_config", config);
  out.write_string_attribute("", "petal", facts);
  out.write_string_attribute("", "petal_checksum", checksum(config, facts, network));
  write_keras2_weights(out, "model_weights", keras2_version, network);
  out.close();
}

// Three members and no more: Keras would unpack a larger archive whole, looking for assets.
void write_archive(const std::filesystem::path& path, const std::string& config, const Json& facts,
                   const Network& network) {
  Hdf5Writer weights = Hdf5Writer::create(path);
  write_keras3_weights(weights, network);
  const std::string weights_bytes = weights.close_to_bytes();
  const std::string metadata = Json{{"keras_version", keras3_version},
                                    {"petal", facts},
                                    {"petal_checksum", checksum(config, facts.dump(), network)}}
                                   .dump();
  const std::array<ZipContent, 3> contents = {{{keras_metadata_member, metadata},
                                               {keras_config_member, config},
                                               {keras_weights_member, weights_bytes}}};
  write_zip(path, contents);
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

Json parse_facts(const std::string& text, const std::string& where) {
  Json facts = Json::parse(text, nullptr, false);
  if (!facts.is_object()) throw Error(where, "its attribute `petal` is damaged: it is no JSON object");
  const int version = fact<int>(facts, "version", where);
  if (version > petal_version) {
    throw Error(where, "it was written by a newer Petal (layout " + std::to_string(version) + ", known is " +
                           std::to_string(petal_version) + "); read it with that");
  }
  return facts;
}

void require_checksum(const KerasFile& file, const std::string& where, const Model& model) {
  const bool is_expected = file.facts && fact<int>(parse_facts(*file.facts, where), "version", where) >= 2;
  if (!is_expected && !file.checksum) return;
  if (file.facts && file.checksum && checksum(*file.config, *file.facts, model.network) == *file.checksum)
    return;
  throw Error(where,
              "it is damaged: config, labels and weights do not have their checksum; copy it again. Where it "
              "was edited on purpose, delete `petal` and `petal_checksum` from it, and it opens as any other "
              "Keras model");
}

}  // namespace

void save_model(const std::filesystem::path& file, const Model& model) {
  const bool is_archive = file.extension() == ".keras";
  const std::string config =
      to_keras_config(model.network.graph, is_archive ? KerasForm::keras3 : KerasForm::keras2);
  const Json facts = facts_of(file, model);
  require_complete(model.network.graph, model.network.weights);
  require_fitting_labels(file, model);
  write_atomically(file, [&](const std::filesystem::path& path) {
    if (is_archive)
      write_archive(path, config, facts, model.network);
    else
      write_hdf5(path, config, facts.dump(), model.network);
  });
}

Model load_model(const std::filesystem::path& path, std::int64_t image_size) {
  const std::string where = path.string();
  const KerasFile file = KerasFile::open(path);
  if (!file.config) {
    throw Error(
        where,
        "it holds no model_config, so no whole model; where it holds weights, name their architecture");
  }
  Model model;
  KerasModel read = read_keras_config(*file.config, file.config_where,
                                      {.keras_version = file.keras_version, .image_size = image_size});
  model.network.graph = std::move(read.graph);
  load_keras_weights(file.weights, model.network.graph, model.network.weights,
                     {.places = std::move(read.places)});
  require_checksum(file, where, model);
  if (file.facts) {
    read_model_facts(*file.facts, where, model);
    require_fitting_labels(path, model);
  } else {
    model.apply_exif_orientation = false;  // as Keras decodes
    model.takes_photos = rescales_photos(model.network.graph);
  }
  return model;
}

bool is_whole_model(const std::filesystem::path& file) {
  if (has_keras_config(file)) return true;
  inspect_keras_file(file);  // throws where it holds no weights either
  return false;
}

void read_model_facts(const std::string& text, const std::string& where, Model& model) {
  const Json facts = parse_facts(text, where);
  model.labels = fact<std::vector<std::string>>(facts, "labels", where);
  model.architecture = fact<std::string>(facts, "architecture", where);
  model.apply_exif_orientation = fact<bool>(facts, "apply_exif_orientation", where);
  // What older files do not say: their photos were decoded whole, and their models take photos.
  model.fast_decode = facts.contains("fast_decode") && fact<bool>(facts, "fast_decode", where);
  model.takes_photos = !facts.contains("takes_photos") || fact<bool>(facts, "takes_photos", where);
}

}  // namespace petal
