#include "engine/layers/pooling_window.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "engine/graph.h"

using namespace petal;

TEST_CASE("pooling refuses pads as large as its window, which would hold nothing of the image") {
  const auto shape = [](Layer layer) {
    GraphBuilder g("pooled");
    const Value x = g.add("pool", std::move(layer), g.input({6, 5, 3}));
    return std::move(g).build({x}).nodes().back().shape;
  };
  const auto max = [](Padding2D pads) {
    return MaxPooling2D{.pool = {2, 3}, .strides = {1, 1}, .padding = Padding::explicitly(pads)};
  };
  const auto average = [](Padding2D pads) {
    return AveragePooling2D{.pool = {2, 3}, .strides = {1, 1}, .padding = Padding::explicitly(pads)};
  };
  CHECK(shape(max({1, 1, 2, 2})) == Shape{7, 7, 3});
  CHECK(shape(average({1, 1, 2, 2})) == Shape{7, 7, 3});
  for (const Padding2D& pads : {Padding2D{2, 0, 0, 0}, Padding2D{0, 2, 0, 0}, Padding2D{0, 0, 3, 0},
                                Padding2D{0, 0, 0, 4}, Padding2D{-1, 0, 0, 0}, Padding2D{0, 0, 0, -1}}) {
    CHECK_THROWS_WITH_AS(shape(max(pads)), doctest::Contains("'pool'"), Error);
    CHECK_THROWS_WITH_AS(shape(average(pads)), doctest::Contains("less than its pool"), Error);
  }
}
