#pragma once

#include <string>

#include "engine/graph.h"

namespace petal {

// What stands behind the last feature map of a network without its head: Keras's argument `pooling`.
enum class Pooling { none, avg, max };

// Adds the global pooling under one of the names; none: gives x itself.
Value add_pooling(GraphBuilder& g, Pooling pooling, Value x,
                  const std::string& avg_name = "global_average_pooling2d",
                  const std::string& max_name = "global_max_pooling2d");

}  // namespace petal
