#pragma once

#include <span>
#include <string>

#include "io/keras_config/options.h"

namespace petal::keras_config {

// The layer that a Keras class name and its arguments describe, for inputs of these shapes (one sample's).
// Throws Error where Petal lacks the class or an option. InputLayer and models are not layers in this sense.
Layer read_layer(const std::string& class_name, const Json& config, const std::string& where,
                 std::span<const Shape> src);

}  // namespace petal::keras_config
