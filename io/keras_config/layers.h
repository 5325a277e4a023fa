#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/keras_config/options.h"

namespace petal::keras_config {

// The layers, each behind the one before, that a Keras class name and its arguments describe, for inputs of
// these shapes (one sample's): one, and with it those of an activation that is no ActivationFunction. `keras`
// is the major version that wrote it. Throws Error where Petal lacks the class or an option. InputLayer and
// models are not layers in this sense.
std::vector<Layer> read_layers(const std::string& class_name, const Json& config, const std::string& where,
                               std::span<const Shape> src, int keras);

// What stands as an object where an activation's name could: a layer without weights. Throws Error for
// others.
Layer read_activation_layer(const std::string& class_name, const Json& config, const std::string& where,
                            int keras);

}  // namespace petal::keras_config
