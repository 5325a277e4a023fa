#pragma once

#include "engine/passes/passes.h"
#include "io/hdf5/writer.h"

namespace petal {

// The weights in Keras 2's layout, under this group: layer_names, and for each layer weight_names and
// datasets "LAYER/LAYER/kernel:0".
void write_keras2_weights(Hdf5Writer& file, const std::string& group, const std::string& keras_version,
                          const Network& network);

// The weights in Keras 3's layout: "layers/conv2d_1/vars/0", numbered in a class in the order of Keras's
// `model.layers`, with the layer's name as the attribute `name` of `vars`.
void write_keras3_weights(Hdf5Writer& file, const Network& network);

}  // namespace petal
