#pragma once

#include <cstdint>
#include <string>

#include "engine/graph.h"

namespace petal {

// The table that Keras prints for a model, ending in a line break: a row a layer, in Keras's order, with its
// class, its output's shape (None for N) and its parameters, and what it is connected to where the graph is
// no plain chain; then the totals with their sizes as float32, and the floating-point operations for one
// sample, a multiply-add counting as two. Columns are as wide as what they hold, so no name is cut. Trainable
// parameters are those that an optimiser would change: not the statistics of batch norm, and nothing of a
// frozen layer.
std::string summary(const Graph& graph);

// "512.00 B", "13.51 MB": units of 1024, as Keras writes sizes.
std::string readable_size(std::int64_t bytes);

}  // namespace petal
