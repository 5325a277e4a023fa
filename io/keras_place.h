#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace petal {

// Where Keras keeps the weights of a layer, by the config of the model that it is in. Layers of different
// models may have one name; no two have one place.
struct KerasPlace {
  struct Step {
    std::string class_name;  // Keras's, "Conv2D"
    std::size_t position;    // among the layers of its model's config
  };
  std::string node;        // the layer's name in the graph
  std::string layer;       // its name in Keras
  std::string group;       // the outermost model's layer: this one, or the model that holds it
  std::vector<Step> path;  // from the outermost model's layer down to this one
};

}  // namespace petal
