#pragma once

#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/weights.h"

namespace petal::testing {

// The network of tests/golden/make_weights.py. `names`: of its eight layers with weights, in order of
// creation.
inline Graph tiny_network(const std::vector<std::string>& names, std::int64_t filters = 2,
                          std::int64_t classes = 3) {
  GraphBuilder g("tiny");
  Value x = g.input({4, 4, 3}, "photo");
  x = g.add(names[0],
            Conv2D{.filters = filters, .kernel = {3, 3}, .padding = Padding::same, .use_bias = false}, x);
  x = g.add(names[1], BatchNormalization{}, x);
  x = g.add("stem_relu", Activation{.function = ActivationFunction::relu}, x);
  const Value shortcut = g.add(names[2], Conv2D{.filters = filters, .use_bias = false}, x);
  x = g.add(names[3], DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .use_bias = false}, x);
  x = g.add(names[4], BatchNormalization{.scale = false}, x);
  x = g.add(names[5], Conv2D{.filters = filters, .use_bias = false}, x);
  x = g.add(names[6], Conv2D{.filters = filters, .use_bias = false}, x);
  x = g.add("add", Add{}, {x, shortcut});
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  x = g.add(names[7], Dense{.units = classes}, x);
  return std::move(g).build({x});
}

inline const std::vector<std::string> given_names = {"stem",  "stem_bn", "shortcut", "dw",
                                                     "dw_bn", "expand",  "project",  "predictions"};
// As Keras numbers them in a fresh session.
inline const std::vector<std::string> auto_names = {"conv2d",
                                                    "batch_normalization",
                                                    "conv2d_1",
                                                    "depthwise_conv2d",
                                                    "batch_normalization_1",
                                                    "conv2d_2",
                                                    "conv2d_3",
                                                    "dense"};

// Element i of tensor t in order of creation: the formula of make_weights.py.
inline float expected_value(std::size_t t, std::size_t i) {
  return static_cast<float>(64 * t + i);
}

}  // namespace petal::testing
