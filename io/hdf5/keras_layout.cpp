#include "io/hdf5/keras_layout.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "engine/error.h"

namespace petal {

namespace {

constexpr int max_depth = 16;
constexpr std::size_t max_tensors = 1 << 17;

std::string join(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + "/" + name;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// Counters of random layers that Keras stores among the weights; they are no numbers of the network.
bool is_random_state(const std::string& name) {
  return name == "StateVar" || name.starts_with("seed_generator");
}

// A file's layout while it is found, with where the numbers lie.
class Finder {
 public:
  explicit Finder(const Hdf5File& file) : file_(file) {}

  KerasLayout find() {
    if (file_.is_group("model_weights")) {
      layout_.kind = "Keras 2 model";
      read_legacy("model_weights");
    } else if (file_.strings_attribute("", "layer_names")) {
      layout_.kind = "Keras 2 weights";
      read_legacy("");
    } else if (file_.is_group("layers") || file_.is_group("_layer_checkpoint_dependencies")) {
      layout_.kind = "Keras 3 weights";
      walk("", 0);
    } else {
      fail("holds no Keras weights: neither layer_names, nor model_weights, nor layers is in it");
    }
    if (layout_.layers.empty()) fail("holds no Keras weights: its layers have none");
    require_apart();
    return std::move(layout_);
  }

 private:
  struct Range {
    std::uint64_t offset, bytes;
    std::string dataset;
  };

  [[noreturn]] void fail(const std::string& what) const { throw Error(file_.path().string(), what); }

  void add_tensor(KerasLayer& layer, const std::string& name, const std::string& dataset) {
    const Hdf5Dataset& info = file_.dataset(dataset);
    if (++tensors_ > max_tensors) fail("lists more than " + std::to_string(max_tensors) + " tensors");
    for (const Hdf5Dataset::Piece& piece : info.pieces)
      ranges_.push_back({piece.offset, piece.bytes, dataset});
    layer.tensors.push_back({name, dataset, info.shape, info.type});
  }

  // Every tensor has bytes of its own; where two overlap, an address is damaged.
  void require_apart() {
    std::ranges::sort(ranges_, {}, &Range::offset);
    for (std::size_t i = 1; i < ranges_.size(); ++i)
      if (ranges_[i - 1].offset + ranges_[i - 1].bytes > ranges_[i].offset)
        fail("is damaged: '" + ranges_[i - 1].dataset + "' and '" + ranges_[i].dataset +
             "' lie on the same bytes");
  }

  void read_legacy(const std::string& root) {
    const auto names = file_.strings_attribute(root, "layer_names");
    if (!names) fail("holds no Keras weights: model_weights has no attribute layer_names");
    layout_.keras_version = file_.string_attribute(root, "keras_version").value_or("");
    for (const std::string& name : *names) read_legacy_layer(root, name);
    // Weights that belong to the model itself, which newer versions list apart.
    if (file_.is_group(join(root, "top_level_model_weights")))
      read_legacy_layer(root, "top_level_model_weights");
  }

  void read_legacy_layer(const std::string& root, const std::string& name) {
    const std::string group = join(root, name);
    if (!file_.is_group(group)) fail("lists the layer '" + name + "' but has no group of that name");
    const auto weights = file_.strings_attribute(group, "weight_names");
    if (!weights) fail("layer '" + name + "' has no attribute weight_names");
    std::vector<std::string> owners;  // of the layers added, in order
    const std::size_t first = layout_.layers.size();
    for (const std::string& path : *weights) {
      // "block_1/expand/kernel:0": the tensor `kernel` of the layer `expand`.
      const std::string bare = path.substr(0, path.rfind(':'));
      const std::size_t slash = bare.rfind('/');
      const std::string owner = slash == std::string::npos ? name : bare.substr(0, slash);
      const std::string weight = slash == std::string::npos ? bare : bare.substr(slash + 1);
      if (is_random_state(weight)) continue;
      const auto at = static_cast<std::size_t>(std::ranges::find(owners, owner) - owners.begin());
      if (at == owners.size()) {
        owners.push_back(owner);
        layout_.layers.push_back({owner.substr(owner.rfind('/') + 1), name, "", {}});
      }
      add_tensor(layout_.layers[first + at], weight, join(group, path));
    }
  }

  // A group's members as Keras counted them: class after class, each by its number; nested models first.
  std::vector<std::string> counted_members(const std::string& group) const {
    std::vector<std::string> members = file_.members(group);
    std::erase_if(members, [&](const std::string& name) {
      return name == "vars" || is_random_state(name) || (group.empty() && name == "optimizer") ||
             !file_.is_group(join(group, name));
    });
    auto key = [&](const std::string& name) {
      const NumberedName numbered = split_number(name);
      return std::tuple(!file_.is_group(join(join(group, name), "layers")), numbered.base, numbered.number);
    };
    std::ranges::sort(members, {}, key);
    return members;
  }

  void walk(const std::string& group, int depth) {
    if (depth > max_depth) fail("'" + group + "' is nested too deeply");
    const std::string variables = join(group, "vars");
    if (!group.empty() && file_.is_group(variables)) read_variables(group, variables);
    for (const std::string& name : counted_members(group)) walk(join(group, name), depth + 1);
  }

  void read_variables(const std::string& group, const std::string& variables) {
    std::vector<std::string> names = file_.members(variables);
    if (names.empty()) return;
    if (std::ranges::all_of(names, is_number))
      std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
    KerasLayer layer{file_.string_attribute(variables, "name").value_or(""),
                     group,
                     split_number(group.substr(group.rfind('/') + 1)).base,
                     {}};
    for (const std::string& name : names) add_tensor(layer, name, join(variables, name));
    layout_.layers.push_back(std::move(layer));
  }

  const Hdf5File& file_;
  KerasLayout layout_;
  std::vector<Range> ranges_;
  std::size_t tensors_ = 0;
};

}  // namespace

KerasLayout read_keras_layout(const Hdf5File& file) {
  return Finder(file).find();
}

NumberedName split_number(const std::string& name) {
  const std::size_t mark = name.rfind('_');
  if (mark == std::string::npos || mark == 0 || !is_number(name.substr(mark + 1))) return {name, 0};
  long number = 0;
  const auto [end, error] = std::from_chars(name.data() + mark + 1, name.data() + name.size(), number);
  if (error != std::errc()) return {name, 0};
  return {name.substr(0, mark), number};
}

}  // namespace petal
