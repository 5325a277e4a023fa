#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/compiled_node.h"

namespace petal {

// The nodes of a graph that a backend takes several at once: each reads the one before it and alone does so.
class Chains {
 public:
  struct Chain {
    std::vector<int> nodes;
    std::vector<int> inputs;  // the first one's, and the last one's residual
    std::unique_ptr<Kernel> kernel;
    ProfileEntry entry;
  };

  // `request` is what is asked for a node; `kept` are the nodes whose values must be there.
  Chains(const Graph& graph, const Backend& backend, std::function<NodeRequest(int)> request,
         std::set<int> kept);
  // None at all.
  explicit Chains(const Graph& graph) : graph_(graph) {}

  bool is_inside(int node) const { return inside_.contains(node); }
  // Null where no chain ends there.
  Chain* ending_at(int node);
  // In another direction. Throws Error where the backend has none.
  std::unique_ptr<Kernel> prepare(const Chain& chain, const Backend& backend, Direction direction) const;
  ProfileEntry entry(const Chain& chain, Direction direction) const;

 private:
  int next(int node) const;
  void try_from(int first, const Backend& backend);
  void add(const std::vector<int>& nodes, std::unique_ptr<Kernel> kernel);
  std::vector<PrepareContext> contexts(const std::vector<int>& nodes, Direction direction) const;

  const Graph& graph_;
  std::function<NodeRequest(int)> request_;
  std::set<int> kept_;
  std::vector<std::vector<int>> readers_;
  std::set<int> inside_;         // all but the last of each chain
  std::map<int, Chain> chains_;  // by the last node
};

}  // namespace petal
