#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph.h"
#include "engine/tensor.h"

namespace petal {

// The numbers of a network: float32 tensors by full name, "LAYER/kernel". Copying a store is cheap: the
// tensors are shared until one side changes one.
class Weights {
 public:
  struct Entry {
    std::shared_ptr<const Tensor> tensor;
    Role role = Role::weight;
  };

  // Adds or replaces.
  void set(const std::string& name, Tensor tensor, Role role);
  // Files the tensor that `other` holds as `from` under `name` too, shared, not copied. Throws as `at`.
  void share(const std::string& name, const Weights& other, const std::string& from) {
    const Entry shared = other.entry(from);
    entries_[name] = shared;
  }
  void erase(const std::string& name) { entries_.erase(name); }
  bool contains(const std::string& name) const { return entries_.contains(name); }
  // Throws Error that names the weight where there is none.
  const Tensor& at(const std::string& name) const;
  Role role(const std::string& name) const;
  // The tensor for writing, unshared first. Throws as `at`.
  Tensor& edit(const std::string& name);
  // By name, sorted.
  const std::map<std::string, Entry>& entries() const { return entries_; }

 private:
  const Entry& entry(const std::string& name) const;
  std::map<std::string, Entry> entries_;
};

// Whether a layer's weights are constants that it states itself (Initializer::Kind::values): never trained,
// and no file needs to hold them. False for a layer without weights.
bool states_its_weights(std::span<const WeightDeclaration> weights);

// Fresh weights for every declaration of the graph by its initializer. Each weight's stream is keyed by
// (seed, its full name), so that the same layer starts the same in any graph.
Weights initialize(const Graph& graph, std::uint64_t seed);

// The same, but each kernel is drawn by He's rule on the inputs of one output (a depthwise kernel's: its
// window alone), which keeps the size of activations through a deep frozen network whose batch norms have
// seen no data: Keras's glorot_uniform lets them vanish there.
Weights initialize_untrained_base(const Graph& graph, std::uint64_t seed);

// Throws Error that lists every weight of the graph which the store lacks or holds in another shape.
void require_complete(const Graph& graph, const Weights& weights);

// 64-bit content hash over the names, shapes and numbers that `graph` declares.
std::uint64_t content_hash(const Graph& graph, const Weights& weights);

}  // namespace petal
