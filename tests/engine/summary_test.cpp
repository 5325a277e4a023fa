#include "engine/summary.h"

#include <doctest/doctest.h>

namespace petal {
namespace {

TEST_CASE("summary of a chain is the table that Keras prints, without connections") {
  GraphBuilder g("tiny");
  Value x = g.input({4, 4, 3}, "input_1");
  x = g.add("conv", Conv2D{.filters = 2, .kernel = {3, 3}}, x);
  x = g.add("norm", BatchNormalization{}, x);
  x = g.add("flat", Flatten{}, x);
  x = g.add("predictions", Dense{.units = 200}, x);
  const Graph graph = std::move(g).build({x});
  // Parameters: 3*3*3*2 + 2; 4 * 2; 8 * 200 + 200. Operations of all layers are the graph's to count.
  const std::string expected =
      "Model: \"tiny\"\n"
      "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━┓\n"
      "┃ Layer (type)              ┃ Output Shape    ┃ Param # ┃\n"
      "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━┩\n"
      "│ input_1 (InputLayer)      │ (None, 4, 4, 3) │       0 │\n"
      "├───────────────────────────┼─────────────────┼─────────┤\n"
      "│ conv (Conv2D)             │ (None, 2, 2, 2) │      56 │\n"
      "├───────────────────────────┼─────────────────┼─────────┤\n"
      "│ norm (BatchNormalization) │ (None, 2, 2, 2) │       8 │\n"
      "├───────────────────────────┼─────────────────┼─────────┤\n"
      "│ flat (Flatten)            │ (None, 8)       │       0 │\n"
      "├───────────────────────────┼─────────────────┼─────────┤\n"
      "│ predictions (Dense)       │ (None, 200)     │   1,800 │\n"
      "└───────────────────────────┴─────────────────┴─────────┘\n"
      " Total params: 1,864 (7.28 KB)\n"
      " Trainable params: 1,860 (7.27 KB)\n"
      " Non-trainable params: 4 (16.00 B)\n";
  const std::string found = summary(graph);
  CHECK(found.substr(0, expected.size()) == expected);
  CHECK(found.substr(expected.size()) == " Operations: " + [](std::string digits) {
    return digits.insert(digits.size() - 3, ",");
  }(std::to_string(graph.operations())) + " a sample (a multiply-add is 2)\n");
}

TEST_CASE("summary of a graph with branches says what each layer reads, and a frozen layer trains nothing") {
  GraphBuilder g("branches");
  const Value in = g.input({8}, "input_1");
  const Value a = g.add("größer", Dense{.units = 8}, in);
  const Value sum = g.add("sum", Add{}, {in, a});
  const Graph graph = std::move(g).build({sum}).with_trainable([](const Node&) { return false; });
  const std::string found = summary(graph);
  CHECK(found.find("┃ Connected to                ┃\n") != std::string::npos);
  CHECK(found.find("│ größer (Dense)       │ (None, 8)    │      72 │ input_1[0][0]               │\n") !=
        std::string::npos);
  CHECK(found.find("│ sum (Add)            │ (None, 8)    │       0 │ input_1[0][0], größer[0][0] │\n") !=
        std::string::npos);
  CHECK(found.find(" Trainable params: 0 (0.00 B)\n Non-trainable params: 72 (288.00 B)\n") !=
        std::string::npos);
}

TEST_CASE("sizes are written in units of 1024, as Keras does") {
  CHECK(readable_size(0) == "0.00 B");
  CHECK(readable_size(1023) == "1023.00 B");
  CHECK(readable_size(1024) == "1.00 KB");
  CHECK(readable_size(2257984 * 4) == "8.61 MB");
}

}  // namespace
}  // namespace petal
