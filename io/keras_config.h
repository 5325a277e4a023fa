#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph.h"
#include "io/keras_place.h"

namespace petal {

// Whose form a config has: Keras 2's, the `model_config` of an .h5 file, which Keras 3 reads there too; or
// Keras 3's, the config.json of a .keras archive.
enum class KerasForm { keras2, keras3 };

// What the config itself may not say.
struct KerasReading {
  // The writer's, such as "2.11.0", by which hard_sigmoid is one function or another; empty: what the JSON
  // itself says, else 3.
  std::string_view keras_version{};
  // Height and width of an input whose size Keras left open, (None, None, 3); 0: not known, which is an error
  // there.
  std::int64_t image_size = 0;
};

// The graph as Keras's Functional config in JSON: every layer with its Keras class name and arguments, so
// that keras.models.load_model rebuilds it. hard_sigmoid, by which Keras 2 and 3 mean two functions, is
// written as the Rescaling and the ReLU that it is. Throws Error(failure) for what Keras has no words for:
// explicit padding, a fused residual, '/' in a name.
std::string to_keras_config(const Graph& graph, KerasForm form = KerasForm::keras2);

// The graph of a Keras config, Functional or Sequential, written by Keras 2 or 3 or by to_keras_config.
// Models inside are flattened; their layers keep their names, or become "MODEL_layer" where a name is taken.
// A layer is frozen where the model around it is; batch norm, dropout and augmentation also where that is
// called with training=False. An activation that is a layer, such as LeakyReLU, becomes a node
// "LAYER_leakyrelu" behind its layer. Throws Error(`where`) that names the layer for every class or option
// that Petal lacks.
Graph from_keras_config(const std::string& json, const std::string& where, const KerasReading& reading = {});

// The same graph, and where the file that the config comes from keeps the weights of its layers.
struct KerasModel {
  Graph graph;
  std::vector<KerasPlace> places;  // of Keras's layers, with weights or without, in order of the nodes
};
KerasModel read_keras_config(const std::string& json, const std::string& where,
                             const KerasReading& reading = {});

}  // namespace petal
