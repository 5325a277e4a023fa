#include "io/hdf5/keras_matching.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "engine/keras_order.h"

namespace petal {

namespace {

// Keras's to_snake_case for class names: "DepthwiseConv2D" -> "depthwise_conv2d".
std::string snake_case(std::string_view name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto at = [&](std::size_t index) { return static_cast<unsigned char>(name[index]); };
    const bool starts_word = i > 0 && std::isupper(at(i)) &&
                             (std::islower(at(i - 1)) || (i + 1 < name.size() && std::islower(at(i + 1))));
    if (starts_word) snake += '_';
    snake += static_cast<char>(std::tolower(at(i)));
  }
  return snake;
}

// A name that Keras makes up from class and count; it says nothing about which layer it is.
bool is_auto_numbered(const std::string& name) {
  constexpr std::array<std::string_view, 8> classes = {
      "conv2d",           "depthwise_conv2d", "dense",         "batch_normalization",
      "separable_conv2d", "conv2d_transpose", "normalization", "layer_normalization"};
  return std::ranges::find(classes, split_number(name).base) != classes.end();
}

std::string weight_name(const WeightDeclaration& weight) {
  return weight.name.substr(weight.name.rfind('/') + 1);
}

// The layer's tensor for the weight at `position`: by number in .weights.h5, else by name; Keras 3 calls
// a depthwise kernel plainly `kernel`.
const KerasTensor* find_tensor(const KerasLayer& layer, const WeightDeclaration& weight,
                               std::size_t position) {
  const std::string name = weight_name(weight), number = std::to_string(position);
  for (const KerasTensor& tensor : layer.tensors)
    if (tensor.name == name || tensor.name == number) return &tensor;
  for (const KerasTensor& tensor : layer.tensors)
    if (name == "depthwise_kernel" && tensor.name == "kernel") return &tensor;
  return nullptr;
}

// For each layer of the file the index of the model's, or none.
using Pairing = std::vector<std::optional<std::size_t>>;

Matching compare(const std::vector<KerasLayer>& file, const std::vector<ModelLayer>& model,
                 const Pairing& pairing) {
  Matching matching;
  std::set<const KerasTensor*> used;
  std::vector<const KerasLayer*> source(model.size(), nullptr);
  for (std::size_t i = 0; i < file.size(); ++i)
    if (pairing[i]) source[*pairing[i]] = &file[i];
  for (std::size_t i = 0; i < model.size(); ++i) {
    for (std::size_t position = 0; position < model[i].weights.size(); ++position) {
      const WeightDeclaration& weight = model[i].weights[position];
      const KerasTensor* tensor = source[i] ? find_tensor(*source[i], weight, position) : nullptr;
      if (!tensor || !used.insert(tensor).second)
        matching.missing.push_back(&weight);
      else
        (tensor->shape == weight.shape ? matching.fitting : matching.differing)
            .push_back({source[i], tensor, &weight});
    }
  }
  for (const KerasLayer& layer : file)
    for (const KerasTensor& tensor : layer.tensors)
      if (!used.contains(&tensor)) matching.unexpected.push_back({&layer, &tensor});
  return matching;
}

// Class and count of each model's layer, the outermost first.
using Path = std::vector<std::pair<std::string, std::size_t>>;

// "layers/functional_1/layers/conv2d" -> functional 1, conv2d 0; Keras 2.12 says
// _layer_checkpoint_dependencies.
Path path_of(const KerasLayer& layer) {
  Path path;
  std::istringstream group(layer.group);
  for (std::string part; std::getline(group, part, '/');) {
    if (part == "layers" || part == "_layer_checkpoint_dependencies") continue;
    const NumberedName numbered = split_number(part);
    path.emplace_back(numbered.base, static_cast<std::size_t>(numbered.number));
  }
  return path;
}

Path path_of(const ModelLayer& layer) {
  Path path;
  for (const KerasPlace::Step& step : layer.place->path)
    path.emplace_back(snake_case(step.class_name), step.position);
  return path;
}

template <class L>
std::vector<std::pair<Path, std::size_t>> sorted_paths(const std::vector<L>& layers) {
  std::vector<std::pair<Path, std::size_t>> sorted;
  for (std::size_t i = 0; i < layers.size(); ++i) sorted.emplace_back(path_of(layers[i]), i);
  std::ranges::sort(sorted);
  return sorted;
}

bool same_classes(const Path& a, const Path& b) {
  return std::ranges::equal(a, b, {}, &Path::value_type::first, &Path::value_type::first);
}

bool follows_places(const std::vector<KerasLayer>& file, const std::vector<ModelLayer>& model) {
  return std::ranges::none_of(file, &std::string::empty, &KerasLayer::class_name) &&
         std::ranges::all_of(model, [](const ModelLayer& layer) { return layer.place != nullptr; });
}

// Numbers differ between the two, as a config has layers of other classes between, but not their order. None
// where a layer of the file is not where the model has one of its class and, where it says one, its name.
std::optional<Pairing> pair_by_place(const std::vector<KerasLayer>& file,
                                     const std::vector<ModelLayer>& model) {
  if (file.size() != model.size()) return std::nullopt;
  const auto found = sorted_paths(file), expected = sorted_paths(model);
  Pairing pairing(file.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    const auto& [found_path, i] = found[k];
    const auto& [expected_path, j] = expected[k];
    const bool named = file[i].name.empty() || file[i].name == model[j].place->layer;
    if (!named || !same_classes(found_path, expected_path)) return std::nullopt;
    pairing[i] = j;
  }
  return pairing;
}

Pairing pair_by_name(const std::vector<KerasLayer>& file, const std::vector<ModelLayer>& model) {
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < model.size(); ++i) index[model[i].name] = i;
  std::map<std::pair<std::string, std::string>, std::size_t> places;  // by group and layer
  for (std::size_t i = 0; i < model.size(); ++i)
    if (model[i].place) places[{model[i].place->group, model[i].place->layer}] = i;
  std::map<std::string, int> layers_in_group;
  for (const KerasLayer& layer : file) ++layers_in_group[layer.group];
  Pairing pairing(file.size());
  std::vector<bool> taken(model.size(), false);
  auto take = [&](std::size_t i, const auto& map, const auto& name) {
    const auto found = map.find(name);
    if (pairing[i] || found == map.end() || taken[found->second]) return;
    pairing[i] = found->second;
    taken[found->second] = true;
  };
  for (std::size_t i = 0; i < file.size(); ++i) take(i, places, std::pair(file[i].group, file[i].name));
  for (std::size_t i = 0; i < file.size(); ++i) {
    // A graph scope may have renamed the weights ("conv1_1/kernel:0") of the layer that the group names.
    if (layers_in_group[file[i].group] == 1) take(i, index, file[i].group);
    take(i, index, file[i].name);
  }
  return pairing;
}

// What a layer of the file is. Keras 3's legacy files tell convolutions, depthwise and transposed ones apart
// only by their layer's name: "convolution".
std::string class_of(const KerasLayer& layer) {
  if (!layer.class_name.empty()) return layer.class_name;
  if (is_auto_numbered(layer.name)) return split_number(layer.name).base;
  const auto has = [&](std::string_view name) {
    return std::ranges::find(layer.tensors, name, &KerasTensor::name) != layer.tensors.end();
  };
  if (has("pointwise_kernel")) return "separable_conv2d";
  if (has("depthwise_kernel")) return "depthwise_conv2d";
  if (has("moving_variance")) return "batch_normalization";
  if (has("variance")) return "normalization";
  if (has("gamma") || has("beta")) return "layer_normalization";
  const auto kernel = std::ranges::find(layer.tensors, "kernel", &KerasTensor::name);
  if (kernel == layer.tensors.end()) return "unknown";
  return kernel->shape.rank() == 2 ? "dense" : "convolution";
}

// Layers of one class that no name resolves: indices into the file's and the model's.
struct Unresolved {
  std::vector<std::size_t> file, model;
};

class OrderPairing {
 public:
  OrderPairing(const std::vector<KerasLayer>& file, const std::vector<ModelLayer>& model,
               const Pairing& by_name)
      : file_(file), model_(model), pairing_(file.size()) {
    std::vector<bool> taken(model.size(), false);
    for (std::size_t i = 0; i < file.size(); ++i) {
      if (!by_name[i] || is_auto_numbered(model[*by_name[i]].name)) continue;
      pairing_[i] = by_name[i];
      taken[*by_name[i]] = true;
      any_known_ = true;
    }
    bool convolutions_unclear = false;
    for (std::size_t i = 0; i < file.size(); ++i)
      convolutions_unclear |= !pairing_[i] && class_of(file[i]) == "convolution";
    auto merged = [&](const std::string& name) {
      const bool is_convolution =
          name == "conv2d" || name == "depthwise_conv2d" || name == "conv2d_transpose";
      return convolutions_unclear && is_convolution ? std::string("convolution") : name;
    };
    for (std::size_t i = 0; i < file.size(); ++i)
      if (!pairing_[i]) unresolved_[merged(class_of(file[i]))].file.push_back(i);
    for (std::size_t i = 0; i < model.size(); ++i)
      if (!taken[i]) unresolved_[merged(model[i].class_name)].model.push_back(i);
  }

  // None where the classes do not count up or a pair would be a guess.
  std::optional<Pairing> pair() {
    for (auto& [name, layers] : unresolved_) {
      if (layers.file.size() != layers.model.size()) return std::nullopt;
      if (all_auto_numbered(layers)) sort_by_number(layers);
    }
    for (const auto& [name, layers] : unresolved_)
      for (std::size_t i = 0; i < layers.file.size(); ++i) {
        if (!is_safe(layers, i)) return std::nullopt;
        pairing_[layers.file[i]] = layers.model[i];
      }
    return pairing_;
  }

 private:
  bool all_auto_numbered(const Unresolved& layers) const {
    const std::string base = split_number(model_[layers.model.front()].name).base;
    auto same_base = [&](const std::string& name) {
      return is_auto_numbered(name) && split_number(name).base == base;
    };
    return std::ranges::all_of(layers.file, [&](std::size_t i) { return same_base(file_[i].name); }) &&
           std::ranges::all_of(layers.model, [&](std::size_t i) { return same_base(model_[i].name); });
  }

  void sort_by_number(Unresolved& layers) const {
    std::ranges::sort(layers.file, {}, [&](std::size_t i) { return split_number(file_[i].name).number; });
    std::ranges::sort(layers.model, {}, [&](std::size_t i) { return split_number(model_[i].name).number; });
  }

  bool is_safe(const Unresolved& layers, std::size_t at) const {
    const KerasLayer& layer = file_[layers.file[at]];
    if (!any_known_ || layer.name.empty()) return true;
    if (is_auto_numbered(layer.name) && is_auto_numbered(model_[layers.model[at]].name)) return true;
    return std::ranges::count_if(layers.file,
                                 [&](std::size_t i) { return shapes(file_[i]) == shapes(layer); }) == 1;
  }

  static std::vector<Shape> shapes(const KerasLayer& layer) {
    std::vector<Shape> all;
    for (const KerasTensor& tensor : layer.tensors) all.push_back(tensor.shape);
    return all;
  }

  const std::vector<KerasLayer>& file_;
  const std::vector<ModelLayer>& model_;
  Pairing pairing_;
  bool any_known_ = false;
  std::map<std::string, Unresolved> unresolved_;
};

// "name", "order", or "name, 'Logits' as 'predictions'".
std::string describe(const std::vector<KerasLayer>& file, const std::vector<ModelLayer>& model,
                     const Pairing& pairing) {
  std::string renamed;
  std::size_t other = 0;
  for (std::size_t i = 0; i < file.size(); ++i) {
    const std::string& name = model[*pairing[i]].name;
    if (file[i].name == name || file[i].group == name) continue;
    if (++other <= 3) renamed += ", '" + file[i].label() + "' as '" + name + "'";
  }
  if (other == 0) return "name";
  return other == file.size() || other > 3 ? "order" : "name" + renamed;
}

}  // namespace

std::vector<ModelLayer> model_layers(const Graph& graph) {
  std::vector<ModelLayer> layers;
  std::map<std::string, int> counted;
  for (int index : keras_order(graph)) {
    const Node& node = graph[index];
    std::vector<WeightDeclaration> weights = graph.weights(node);
    std::string class_name = snake_case(kind(node.layer));
    const int number = counted[class_name]++;
    if (!weights.empty()) layers.push_back({node.name, std::move(class_name), number, std::move(weights)});
  }
  return layers;
}

Matching match_layers(const std::vector<KerasLayer>& file, const std::vector<ModelLayer>& model) {
  const bool placed = follows_places(file, model);
  if (placed) {
    if (const std::optional<Pairing> places = pair_by_place(file, model)) {
      Matching by_place = compare(file, model, *places);
      if (by_place.problems() == 0) by_place.matched_by = describe(file, model, *places);
      return by_place;
    }
  }
  const Pairing names = pair_by_name(file, model);
  Matching by_name = compare(file, model, names);
  if (by_name.problems() == 0) {
    by_name.matched_by = describe(file, model, names);
    return by_name;
  }
  if (placed) return by_name;  // an order would be a guess
  const std::optional<Pairing> order = OrderPairing(file, model, names).pair();
  if (!order) return by_name;
  Matching by_order = compare(file, model, *order);
  if (by_order.problems() == 0) by_order.matched_by = describe(file, model, *order);
  return by_order.problems() < by_name.problems() ? by_order : by_name;
}

}  // namespace petal
