#pragma once

#include <string>
#include <vector>

#include "engine/graph.h"
#include "io/hdf5/keras_layout.h"
#include "io/keras_place.h"

namespace petal {

// A layer of the graph that is to be filled.
struct ModelLayer {
  std::string name;
  std::string class_name;  // as Keras spells it in names: "depthwise_conv2d"
  int number;              // among all layers of its class, also those without weights, from 0
  std::vector<WeightDeclaration> weights;  // full names
  const KerasPlace* place = nullptr;       // none: not known
};

// The layers with weights, in keras_order.
std::vector<ModelLayer> model_layers(const Graph& graph);

// Which tensor of the file fills which weight, and everything that does not fit. Pointers are into the two
// arguments.
struct Matching {
  struct Pair {
    const KerasLayer* layer;
    const KerasTensor* tensor;
    const WeightDeclaration* weight;
  };
  struct Extra {
    const KerasLayer* layer;
    const KerasTensor* tensor;
  };
  std::vector<Pair> fitting, differing;  // equal shapes; other shapes
  std::vector<const WeightDeclaration*> missing;
  std::vector<Extra> unexpected;
  std::string matched_by;

  std::size_t problems() const { return differing.size() + missing.size() + unexpected.size(); }
};

// Layers by their places where all are known and the file has Keras 3's layout, whose groups count the layers
// of every model, class by class (keras/src/saving/saving_lib.py, _save_container_state). Else by name: in a
// legacy file by that of the group and the layer's own in it, where its place is known; then by the layer's
// own, or that of its group where the group is one layer. Where that is no bijection, and places said
// nothing: the layers whose names are not auto-numbered ("conv2d_17") by name, and the rest, class by class,
// in order: of their numbers where all are auto-numbered, else of file and model. Such a pair counts only
// with equal shapes, and, where other layers have known names and this pair's are not auto-numbered, only if
// no other layer of the rest has these shapes.
Matching match_layers(const std::vector<KerasLayer>& file, const std::vector<ModelLayer>& model);

}  // namespace petal
