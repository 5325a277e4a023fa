#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/graph.h"

namespace petal::bench {

// One line of a shape list: a layer of a network, what it reads, and how many such layers there are.
//     3  Conv2D N,14,14,384 filters=64 residual
// is how often, Keras's class, the shape of each input with N for the batch, and options (layer_options.h);
// `residual`: an input of the result's shape is added before the activation. A line that is empty or begins
// with # says nothing.
struct ShapeRow {
  std::int64_t times = 1;
  Layer layer;
  std::vector<Shape> src;  // one sample's; the residual is not among them
  bool residual = false;
};

// The line without `times`. Throws Error(`where`) as options_text.
std::string to_text(const std::string& where, const ShapeRow& row);

// Throws Error(FILE:LINE) that quotes what is malformed and says what was expected: also where the layer does
// not take such inputs, or one of its tensors would have more than 2^28 elements a sample.
std::vector<ShapeRow> parse_shape_list(const std::string& file, const std::string& text);
// The same of a file. Throws Error(FILE) where it cannot be read or holds no layer.
std::vector<ShapeRow> read_shape_list(const std::filesystem::path& file);

// The layers of a graph, its inputs left out, in the order in which each is first met.
std::vector<ShapeRow> shape_list(const Graph& graph);

}  // namespace petal::bench
