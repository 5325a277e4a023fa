#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace petal::testing {

// One row of an operation's case table: what drives its forward check, its gradient check and its benchmark.
struct Case {
  std::string name;
  Layer layer;
  std::vector<Shape> src;  // one sample's, an input each; the residual is not among them
  std::int64_t batch = 1;
  bool residual = false;        // a last input of dst's shape, with Node::fused_residual
  Mode mode = Mode::inference;  // of the forward check; gradients are always those of training
  bool trainable = true;        // Node::trainable
  bool pixels = false;          // src is uint8
  double magnitude = 1;         // src is uniform in [-magnitude, magnitude]; a power of two
};

// The case's node on its own: input i has index i.
Node node_of(const Case& item);
// The shapes of all inputs, one sample's, the residual with them.
std::vector<Shape> inputs_of(const Case& item);
// The weights that the case's layer declares.
std::vector<WeightDeclaration> weights_of(const Case& item);
// What there is to compute of it: no gradient reaches pixels, and of the weights only Role::weight has one.
std::vector<Direction> directions_of(const Case& item);

}  // namespace petal::testing
