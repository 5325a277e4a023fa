#include "io/hdf5/keras_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/hdf5/keras_layout.h"
#include "io/hdf5/keras_matching.h"
#include "io/hdf5/keras_writer.h"
#include "io/keras_file.h"

namespace petal {

namespace {

constexpr std::size_t max_rows = 12;

// The last component of "layers/dense_1", which .weights.h5 offers where it knows no name.
std::string last_component(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// Takes the layers out that are excluded by their own name or their group's; returns the names that were
// there.
std::vector<std::string> exclude(std::vector<KerasLayer>& layers, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const auto removed = std::erase_if(layers, [&](const KerasLayer& layer) {
      return layer.name == name || last_component(layer.group) == name;
    });
    if (removed > 0) found.push_back(name);
  }
  return found;
}

bool holds_layer(const std::vector<KerasLayer>& file, const std::string& name) {
  return std::ranges::any_of(
      file, [&](const KerasLayer& layer) { return layer.name == name || layer.group == name; });
}

// The layers that the file is to fill. Those whose weights the graph states itself, and that the file does
// not hold, are filled here.
std::vector<ModelLayer> layers_to_fill(const Graph& graph, const ImportOptions& options,
                                       const std::vector<KerasLayer>& file, Weights& weights) {
  const std::vector<std::string>& keep = options.keep_layers;
  for (const std::string& name : keep) graph.find(name);  // throws for a name that the graph lacks
  std::vector<ModelLayer> layers = model_layers(graph);
  for (ModelLayer& layer : layers) {
    const auto place = std::ranges::find(options.places, layer.name, &KerasPlace::node);
    if (place != options.places.end()) layer.place = &*place;
  }
  std::erase_if(layers, [&](const ModelLayer& layer) {
    if (std::ranges::find(keep, layer.name) != keep.end()) return true;
    if (!states_its_weights(layer.weights) || holds_layer(file, layer.name)) return false;
    for (const WeightDeclaration& weight : layer.weights) {
      Tensor tensor(weight.shape);
      initialize(weight.initializer, RandomStream(0, RandomPurpose::initialization), tensor);
      weights.set(weight.name, std::move(tensor), weight.role);
    }
    return true;
  });
  return layers;
}

std::string file_name(const KerasLayer& layer, const KerasTensor& tensor) {
  return layer.label() + "/" + tensor.name;
}

// Up to max_rows of the three lists, each getting its turn, and how many were left out.
std::string rows(const Matching& matching) {
  std::vector<std::string> differing, missing, unexpected;
  for (const auto& [layer, tensor, weight] : matching.differing) {
    const std::string name = file_name(*layer, *tensor);
    differing.push_back(fmt::format("{}: {} in the file, {} in the model{}", name, tensor->shape.to_string(),
                                    weight->shape.to_string(),
                                    name == weight->name ? "" : " ('" + weight->name + "')"));
  }
  for (const WeightDeclaration* weight : matching.missing)
    missing.push_back(
        fmt::format("{} {}: in the model, missing from the file", weight->name, weight->shape.to_string()));
  for (const auto& [layer, tensor] : matching.unexpected)
    unexpected.push_back(fmt::format("{} {}: in the file, unexpected by the model",
                                     file_name(*layer, *tensor), tensor->shape.to_string()));
  const std::array lists = {&differing, &missing, &unexpected};
  std::array<std::size_t, 3> shown{};
  std::size_t total = 0;
  for (bool more = true; more && total < max_rows;) {
    more = false;
    for (std::size_t i = 0; i < lists.size() && total < max_rows; ++i)
      if (shown[i] < lists[i]->size()) {
        ++shown[i];
        ++total;
        more = true;
      }
  }
  std::string text;
  for (std::size_t i = 0; i < lists.size(); ++i)
    for (std::size_t j = 0; j < shown[i]; ++j) text += "\n  " + (*lists[i])[j];
  if (matching.problems() > total) text += fmt::format("\n  ... and {} more", matching.problems() - total);
  return text;
}

// Most shapes or names differ: then it is not a head that does not fit but the whole network.
std::string verdict(const Matching& matching) {
  const std::size_t paired = matching.fitting.size() + matching.differing.size();
  const std::size_t wanted = paired + matching.missing.size();
  if (matching.differing.size() * 2 > wanted) return "looks like another architecture or alpha";
  return matching.missing.size() * 2 > wanted ? "looks like another architecture" : "does not fit";
}

// "3 of 262 shapes differ, 2 tensors are missing": what there is of it.
std::string counts(const Matching& matching) {
  const std::size_t paired = matching.fitting.size() + matching.differing.size();
  std::vector<std::string> parts;
  if (!matching.differing.empty())
    parts.push_back(
        fmt::format("{} of {} shapes differ", matching.differing.size(), paired + matching.missing.size()));
  if (!matching.missing.empty())
    parts.push_back(fmt::format("{} of the model's {} tensors are missing from it", matching.missing.size(),
                                paired + matching.missing.size()));
  if (!matching.unexpected.empty())
    parts.push_back(fmt::format("{} of its tensors are unexpected", matching.unexpected.size()));
  return fmt::format("{}", fmt::join(parts, ", "));
}

[[noreturn]] void report(const Hdf5File& file, const Graph& graph, const Matching& matching) {
  std::string text = fmt::format("{}: {} (model '{}')", verdict(matching), counts(matching), graph.name());
  text += rows(matching);
  std::vector<std::string> foreign;
  for (const auto& [layer, tensor] : matching.unexpected)
    if (std::ranges::find(foreign, layer->label()) == foreign.end()) foreign.push_back(layer->label());
  if (!foreign.empty() && foreign.size() <= 3)
    text +=
        fmt::format("\nTo replace a head, exclude its layers of the file ({}).", fmt::join(foreign, ", "));
  throw Error(file.path().string(), text);
}

Tensor read_tensor(const Hdf5File& file, const Matching::Pair& pair) {
  Tensor tensor(pair.weight->shape);
  file.read(pair.tensor->dataset, tensor.values());
  const auto values = tensor.values();
  const auto bad = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad != values.end())
    throw Error(
        file.path().string() + ": '" + pair.tensor->dataset + "'",
        fmt::format("element {} is {}; weights must be finite numbers. A training that diverged leaves "
                    "such; take weights from before that, or exclude and retrain this layer",
                    bad - values.begin(), *bad));
  return tensor;
}

}  // namespace

std::string ImportTally::to_string() const {
  std::string text = fmt::format("{} tensors, {} parameters, by {}", tensors, parameters, matched_by);
  if (!excluded.empty()) text += fmt::format("; excluded: {}", fmt::join(excluded, ", "));
  return text;
}

ImportTally load_keras_weights(const std::filesystem::path& path, const Graph& graph, Weights& weights,
                               const ImportOptions& options) {
  return load_keras_weights(KerasFile::open(path).weights, graph, weights, options);
}

void save_keras_weights(const std::filesystem::path& file, const Network& network) {
  require_complete(network.graph, network.weights);
  write_atomically(file, [&](const std::filesystem::path& path) {
    Hdf5Writer out = Hdf5Writer::create(path);
    write_keras3_weights(out, network);
    out.close();
  });
}

ImportTally load_keras_weights(const Hdf5File& file, const Graph& graph, Weights& weights,
                               const ImportOptions& options) {
  KerasLayout layout = read_keras_layout(file);
  ImportTally tally;
  tally.excluded = exclude(layout.layers, options.exclude_file_layers);
  Weights filled = weights;  // shares its tensors, so that an error leaves the store as it was
  const std::vector<ModelLayer> model = layers_to_fill(graph, options, layout.layers, filled);
  const Matching matching = match_layers(layout.layers, model);
  if (matching.problems() > 0) report(file, graph, matching);

  for (const Matching::Pair& pair : matching.fitting) {
    filled.set(pair.weight->name, read_tensor(file, pair), pair.weight->role);
    ++tally.tensors;
    tally.parameters += pair.weight->shape.elements();
  }
  weights = std::move(filled);
  tally.matched_by = matching.matched_by;
  return tally;
}

std::uint64_t file_hash(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(path.string(), std::string("cannot be opened: ") + std::strerror(errno));
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::vector<char> block(1 << 20);
  do {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    XXH3_64bits_update(state.get(), block.data(), static_cast<std::size_t>(stream.gcount()));
  } while (stream);
  // A folder opens and then cannot be read.
  if (!stream.eof()) throw Error(path.string(), std::string("cannot be read: ") + std::strerror(errno));
  return XXH3_64bits_digest(state.get());
}

}  // namespace petal
