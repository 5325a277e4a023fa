#pragma once

#include <string>
#include <vector>

#include "engine/shape.h"
#include "io/hdf5/file.h"

namespace petal {

struct KerasTensor {
  std::string name;     // "kernel"; in .weights.h5, which numbers them, "0", "1", ...
  std::string dataset;  // its path in the file
  Shape shape;
  std::string type;
};

// One layer with weights, wherever the file keeps it.
struct KerasLayer {
  std::string name;   // the layer's own; "" where the file does not say (older .weights.h5)
  std::string group;  // the layer of the outer model that it was saved under: itself, or the nested model
  std::string class_name;  // "conv2d"; "" where the file does not say (all but .weights.h5)
  std::vector<KerasTensor> tensors;

  const std::string& label() const { return name.empty() ? group : name; }
};

struct KerasLayout {
  std::string kind;           // as FileContents::layout
  std::string keras_version;  // "" where not said
  std::vector<KerasLayer>
      layers;  // in the file's order; .weights.h5: nested models first, a class after the other
};

// Finds the weights in a file of any Keras layout, optimizer state and random seeds left out. Legacy .h5: the
// attribute `layer_names` of the root or of `model_weights`, `weight_names` of each layer; a nested model,
// which is one group, is taken apart by its weights' own paths. Keras 3 .weights.h5: every group `vars`.
// Throws Error(file) where it holds no Keras weights, what it lists is not there, or two tensors share bytes.
KerasLayout read_keras_layout(const Hdf5File& file);

// "conv2d_17" -> {"conv2d", 17}; without a number -> 0: how Keras numbers names.
struct NumberedName {
  std::string base;
  long number = 0;
};
NumberedName split_number(const std::string& name);

}  // namespace petal
