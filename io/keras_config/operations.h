#pragma once

#include <string>

#include "io/keras_config/structure.h"

namespace petal::keras_config {

// The layer that an operation is which Keras recorded between a layer's output and a constant, as in
// `x / 127.5 - 1`: a Rescaling. Throws Error(`where`) for other operations and constants.
Layer read_operation(const std::string& class_name, const Constant& constant, const std::string& where);

// Keras 3's name of the operation that Keras 2 recorded as a TFOpLambda of this function: "math.truediv" ->
// "TrueDivide". Throws Error(`where`) where Petal lacks it.
std::string operation_of(const std::string& function, const std::string& where);

}  // namespace petal::keras_config
