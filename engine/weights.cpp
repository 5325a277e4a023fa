#include "engine/weights.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>

#include "engine/error.h"

namespace petal {

const Weights::Entry& Weights::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw Error("weight '" + name + "'", "is not there; load a weights file or initialise the network");
  }
  return found->second;
}

void Weights::set(const std::string& name, Tensor tensor, Role role) {
  entries_[name] = {std::make_shared<const Tensor>(std::move(tensor)), role};
}

const Tensor& Weights::at(const std::string& name) const {
  return *entry(name).tensor;
}

Role Weights::role(const std::string& name) const {
  return entry(name).role;
}

Tensor& Weights::edit(const std::string& name) {
  entry(name);
  Entry& mine = entries_[name];
  // A tensor that another store shares is copied first; the cast is safe because set() made it from a plain
  // Tensor.
  if (mine.tensor.use_count() > 1) mine.tensor = std::make_shared<const Tensor>(*mine.tensor);
  return const_cast<Tensor&>(*mine.tensor);
}

namespace {

// Each weight's stream is keyed by its name, so that a layer starts the same in any graph.
Weights draw(std::vector<WeightDeclaration> declarations, std::uint64_t seed) {
  Weights weights;
  for (const WeightDeclaration& declaration : declarations) {
    const std::uint64_t name = XXH3_64bits(declaration.name.data(), declaration.name.size());
    const RandomStream random(seed, RandomPurpose::initialization, static_cast<std::uint32_t>(name >> 32),
                              static_cast<std::uint32_t>(name));
    Tensor tensor(declaration.shape);
    initialize(declaration.initializer, random, tensor);
    weights.set(declaration.name, std::move(tensor), declaration.role);
  }
  return weights;
}

}  // namespace

bool states_its_weights(std::span<const WeightDeclaration> weights) {
  return !weights.empty() && std::ranges::all_of(weights, [](const WeightDeclaration& weight) {
    return weight.initializer.kind == Initializer::Kind::values;
  });
}

Weights initialize(const Graph& graph, std::uint64_t seed) {
  return draw(graph.weights(), seed);
}

Weights initialize_untrained_base(const Graph& graph, std::uint64_t seed) {
  std::vector<WeightDeclaration> declarations = graph.weights();
  for (WeightDeclaration& declaration : declarations) {
    const bool constant = declaration.initializer.kind == Initializer::Kind::values;
    if (constant || !declaration.name.ends_with("kernel")) continue;
    const auto dims = declaration.shape.dims();
    const bool depthwise = declaration.name.ends_with("depthwise_kernel");
    // (kh, kw, channels, filters) or (inputs, units): all but the last feed one output; of a depthwise kernel
    // the window.
    const std::int64_t fan_in = declaration.shape.elements() / dims.back() / (depthwise ? dims[2] : 1);
    declaration.initializer = {Initializer::Kind::he_normal, fan_in};
  }
  return draw(std::move(declarations), seed);
}

void require_complete(const Graph& graph, const Weights& weights) {
  std::string wrong;
  for (const WeightDeclaration& declaration : graph.weights()) {
    if (!weights.contains(declaration.name)) {
      wrong += fmt::format("\n  {} {} is missing", declaration.name, declaration.shape.to_string());
    } else if (const Shape& found = weights.at(declaration.name).shape(); found != declaration.shape) {
      wrong += fmt::format("\n  {} is {}, expected {}", declaration.name, found.to_string(),
                           declaration.shape.to_string());
    }
  }
  if (!wrong.empty()) throw Error(graph.name(), "weights do not fit the network:" + wrong);
}

std::uint64_t content_hash(const Graph& graph, const Weights& weights) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (const WeightDeclaration& declaration : graph.weights()) {
    const Tensor& tensor = weights.at(declaration.name);
    const std::string head = declaration.name + tensor.shape().to_string();
    XXH3_64bits_update(state.get(), head.data(), head.size());
    XXH3_64bits_update(state.get(), tensor.bytes(), tensor.size_bytes());
  }
  return XXH3_64bits_digest(state.get());
}

}  // namespace petal
