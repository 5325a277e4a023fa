#include "engine/value_types.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace petal {
namespace {

std::map<std::string, DataType> types_by_name(const Graph& graph, Precision precision) {
  const std::vector<DataType> types = value_types(graph, precision);
  std::map<std::string, DataType> named;
  for (std::size_t i = 0; i < types.size(); ++i) named[graph.nodes()[i].name] = types[i];
  return named;
}

TEST_CASE("value types: images are halves; what goes in and out, vectors and their views are float32") {
  GraphBuilder g("classifier");
  Value x = g.input({8, 8, 3});
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}}, x);
  x = g.add("relu", ReLU{}, x);
  const Value flat = g.add("flatten", Flatten{}, x);
  const Value wide = g.add("wide", Dense{.units = 4}, flat);
  const Value pooled = g.add("pool", GlobalAveragePooling2D{}, x);
  const Value one = g.add("as_image", Reshape{{1, 1, 4}}, pooled);
  const Value scaled = g.add("scaled", Multiply{}, {x, one});
  const Value last = g.add("last", Conv2D{.filters = 2}, scaled);
  const Value out = g.add("flat_out", Flatten{}, last);
  const Graph graph = std::move(g).build({wide, out});
  for (const Precision precision : {Precision::bf16, Precision::f16}) {
    const DataType half = data_type(precision);
    auto types = types_by_name(graph, precision);
    for (const char* name : {"conv", "relu", "flatten", "scaled"}) {
      CAPTURE(name);
      CHECK(types.at(name) == half);
    }
    for (const char* name : {"wide", "pool", "as_image", "last", "flat_out"}) {
      CAPTURE(name);
      CHECK(types.at(name) == DataType::f32);
    }
    CHECK(types.at(graph[graph.inputs()[0]].name) == DataType::f32);
  }
  for (const Precision precision : {Precision::f32, Precision::f64}) {
    for (const DataType type : value_types(graph, precision)) CHECK(type == data_type(precision));
  }
}

}  // namespace
}  // namespace petal
