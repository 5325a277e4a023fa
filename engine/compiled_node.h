#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/backend.h"
#include "engine/profile.h"
#include "engine/weights.h"

namespace petal {

// What both kinds of plan ask of a backend for one node.
struct NodeRequest {
  const Graph& graph;
  const Node& node;
  const Weights& weights;
  std::int64_t batch = 1;
  Mode mode = Mode::inference;
  Precision precision = Precision::f32;
  Direction direction = Direction::forward;
  std::vector<DataType> src_types{};  // of the node's inputs; empty: the precision's
  std::optional<DataType> dst_type{};

  DataType src_type(std::size_t input) const {
    return src_types.empty() ? data_type(precision) : src_types[input];
  }
};

// What the backend is given for it. References into the request's graph and weights.
PrepareContext prepare_context(const NodeRequest& request);

// Asks `supports`, then prepares. Throws Error that names the node where the backend lacks it.
std::unique_ptr<Kernel> prepare_node(const Backend& backend, const NodeRequest& request);

// The profile's row for it: kind, phase, operations and bytes of a batch.
ProfileEntry profile_entry(const NodeRequest& request);

// The number by which the node's random numbers are keyed: from its name, so that passes do not change it.
std::uint32_t random_layer(const Node& node);

}  // namespace petal
