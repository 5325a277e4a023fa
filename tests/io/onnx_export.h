#pragma once

#include <doctest/doctest.h>

#include "io/onnx/onnx_file.h"
#include "tests/io/onnx_reader.h"
#include "tests/temporary_folder.h"

// Small models, exported and read back.
namespace petal::testing {

using Lines = std::vector<std::string>;

// Every element of all weights is another number.
inline Model model_of(Graph graph) {
  Model model;
  float next = 0;
  for (const WeightDeclaration& weight : graph.weights()) {
    Tensor tensor(weight.shape);
    for (float& value : tensor.values()) value = ++next;
    model.network.weights.set(weight.name, std::move(tensor), weight.role);
  }
  model.network.graph = std::move(graph);
  return model;
}

inline onnx::ModelProto exported(const Model& model) {
  const test::TemporaryFolder folder;
  save_onnx(folder / "model.onnx", model);
  return read_onnx(folder / "model.onnx");
}

// photo -> `layer`, named "layer".
inline Graph graph_of(Layer layer, Shape photo = {8, 6, 4}) {
  GraphBuilder g("one_layer");
  const Value x = g.input(photo, "photo");
  return std::move(g).build({g.add("layer", std::move(layer), x)});
}

inline Lines lines_for(Graph graph) {
  const onnx::ModelProto model = exported(model_of(std::move(graph)));
  CHECK(fault_of(model.graph()) == "");
  return lines_of(model.graph());
}

// What a layer that wants channels first finds in front of it.
inline const std::string to_first = "photo/channels_first = Transpose(photo) perm=0,3,1,2";

}  // namespace petal::testing
