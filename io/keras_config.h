#pragma once

#include <string>

#include "engine/graph.h"

namespace petal {

// The graph as Keras's Functional config in JSON, as `model_config` of a Keras 2 .h5 file holds it: every
// layer with its Keras class name and arguments, so that keras.models.load_model (Keras 2 and 3) rebuilds it.
// Throws Error(failure) for what Keras has no words for: explicit padding, a fused residual, '/' in a name.
std::string to_keras_config(const Graph& graph);

// The graph of a Keras config, Functional or Sequential, written by Keras 2 or 3 or by to_keras_config.
// Models inside are flattened; their layers keep their names, or become "MODEL_layer" where a name is taken.
// A layer is frozen where the model around it is; batch norm, dropout and augmentation also where that is
// called with training=False. Throws Error(`where`) that names the layer for every class or option that Petal
// lacks.
Graph from_keras_config(const std::string& json, const std::string& where);

}  // namespace petal
