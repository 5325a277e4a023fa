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

TEST_CASE("value types: what augmentation gives is float32, and what a last softmax reads, through views") {
  GraphBuilder g("classifier");
  Value x = g.add("flip", RandomFlip{}, g.input({8, 8, 3}));
  x = g.add("crop", RandomCrop{.height = 6, .width = 6}, x);
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {6, 6}}, x);
  x = g.add("relu", ReLU{}, x);
  x = g.add("classes", Conv2D{.filters = 5}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("softmax", Activation{ActivationFunction::softmax}, x);
  auto types = types_by_name(std::move(g).build({x}), Precision::bf16);
  for (const char* name : {"flip", "crop", "classes", "flatten", "softmax"}) {
    CAPTURE(name);
    CHECK(types.at(name) == DataType::f32);
  }
  for (const char* name : {"conv", "relu"}) CHECK(types.at(name) == DataType::bf16);
}

TEST_CASE("value types: kernels of products that read halves are halves, all other weights float32") {
  for (const DataType half : {DataType::bf16, DataType::f16}) {
    for (const Layer& product : {Layer(Conv2D{}), Layer(Dense{})}) {
      CHECK(weight_type(product, 0, half) == half);
      CHECK(weight_type(product, 1, half) == DataType::f32);
      CHECK(weight_type(product, 0, DataType::f32) == DataType::f32);
      CHECK(weight_type(product, 1, DataType::f64) == DataType::f64);
    }
    for (const Layer& other : {Layer(DepthwiseConv2D{}), Layer(BatchNormalization{}), Layer(PReLU{})})
      CHECK(weight_type(other, 0, half) == DataType::f32);
  }
}

}  // namespace
}  // namespace petal
