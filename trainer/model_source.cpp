#include "trainer/model_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "engine/error.h"
#include "io/hdf5/keras_weights.h"
#include "io/model_file.h"
#include "models/training_graph.h"

namespace petal {
namespace {

namespace fs = std::filesystem;

// A classifier by the name of its architecture, with a weights file or random numbers.
Model named_model(const Architecture& named, const ModelSource& source, const fs::path& weights,
                  std::int64_t classes) {
  Model model;
  model.architecture = named.name;
  const ArchitectureOptions options{
      .image_size = source.image_size, .alpha = source.alpha, .classes = classes};
  model.network.graph = build_classifier(named, options);
  if (weights.empty()) {
    model.network.weights = initialize(model.network.graph, 1);
  } else {
    load_keras_weights(weights, model.network.graph, model.network.weights);
  }
  return model;
}

// A file's model has its own size, but where Keras left it open.
Model load_sized(const ModelSource& source, const fs::path& path) {
  Model model = load_model(path, source.image_size);
  const Graph& graph = model.network.graph;
  const Shape& input = graph[graph.inputs()[0]].shape;
  if (source.image_size > 0 &&
      (input.rank() != 3 || input[0] != source.image_size || input[1] != source.image_size)) {
    throw Error("--image-size",
                fmt::format("{} takes {}, not {} x {} pixels; leave --image-size out", source.source,
                            input.to_string(), source.image_size, source.image_size));
  }
  return model;
}

Model open_without_labels(const ModelSource& source, std::int64_t classes) {
  const fs::path path = fs::path(source.source);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    if (!fs::exists(path / "model.h5", ignored)) {
      throw Error(source.source, "is no run folder: it has no model.h5");
    }
    return load_sized(source, path / "model.h5");
  }
  if (fs::exists(path, ignored)) {
    if (is_whole_model(path)) return load_sized(source, path);
    if (source.model.empty()) {
      throw Error(source.source, "holds weights without a model; name their architecture with --model");
    }
    return named_model(architecture(source.model), source, path, classes);
  }
  if (names_architecture(source.source)) {
    return named_model(architecture(source.source), source, source.weights, classes);
  }
  std::string known;
  for (const Architecture& a : architectures()) known += (known.empty() ? "" : ", ") + a.name;
  throw Error(
      source.source,
      "is not there; give a run folder, a model file, a weights file with --model, or one of " + known);
}

// Puts the preprocessing that the file lacks in front.
void add_preprocessing(const ModelSource& source, Model& model) {
  if (source.preprocessing.empty()) return;
  if (model.takes_photos) {
    throw Error("--preprocessing", source.source + " has it inside; leave --preprocessing out");
  }
  Graph& graph = model.network.graph;
  const NamedLayers layers = preprocessing_by_name(source.preprocessing);
  const Graph whole = with_preprocessing(layers, graph);
  Weights weights =
      initialize(whole.with_outputs(std::array{whole[static_cast<int>(layers.size())].name}), 0);
  for (const WeightDeclaration& weight : graph.weights()) {
    weights.share(weight.name, model.network.weights, weight.name);
  }
  model.network = {whole, std::move(weights)};
  model.takes_photos = true;
}

}  // namespace

bool names_architecture(const std::string& name) {
  return std::ranges::any_of(architectures(), [&](const Architecture& a) { return a.name == name; });
}

std::vector<std::string> read_labels(const fs::path& file) {
  std::ifstream in(file);
  if (!in) throw Error(file.string(), "cannot be read; it should hold a class name a line");
  std::vector<std::string> labels;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    labels.push_back(line);
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  if (labels.empty()) throw Error(file.string(), "is empty; it should hold a class name a line");
  return labels;
}

Model open_model(const ModelSource& source) {
  std::vector<std::string> labels;
  if (!source.labels.empty()) labels = read_labels(source.labels);
  Model model = open_without_labels(source, labels.empty() ? 1000 : static_cast<std::int64_t>(labels.size()));
  add_preprocessing(source, model);
  const Graph& graph = model.network.graph;
  const Shape& output = graph[graph.outputs()[0]].shape;
  if (!labels.empty()) {
    if (output.elements() != static_cast<std::int64_t>(labels.size())) {
      throw Error("--labels", fmt::format("{} holds {} names; the model has {} classes",
                                          source.labels.string(), labels.size(), output.elements()));
    }
    model.labels = std::move(labels);
  }
  if (source.ignore_exif) model.apply_exif_orientation = false;
  if (source.fast_decode) model.fast_decode = *source.fast_decode;
  return model;
}

}  // namespace petal
