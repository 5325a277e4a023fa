#pragma once

#include "engine/layers/layer.h"
#include "io/onnx/layer_writer.h"

namespace petal {

// One overload a layer that inference runs: adds its operations and returns its value. A layer that changes
// nothing returns its input's.

// convolution.cpp
OnnxValue write(const Conv2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const DepthwiseConv2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const SeparableConv2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const Conv2DTranspose& layer, OnnxLayerWriter& writer);
OnnxValue write(const Dense& layer, OnnxLayerWriter& writer);

// pooling.cpp
OnnxValue write(const MaxPooling2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const AveragePooling2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const GlobalAveragePooling2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const GlobalMaxPooling2D& layer, OnnxLayerWriter& writer);

// activation.cpp
OnnxValue write(const Activation& layer, OnnxLayerWriter& writer);
OnnxValue write(const ReLU& layer, OnnxLayerWriter& writer);
OnnxValue write(const LeakyReLU& layer, OnnxLayerWriter& writer);
OnnxValue write(const ELU& layer, OnnxLayerWriter& writer);
OnnxValue write(const PReLU& layer, OnnxLayerWriter& writer);
// The activation behind a layer's own operations, on a value of that layout; the name of the result.
std::string add_activation(ActivationFunction function, const std::string& value, OnnxLayout layout,
                           OnnxLayerWriter& writer);

// arithmetic.cpp
OnnxValue write_merge(MergeOperation operation, OnnxLayerWriter& writer);
template <MergeOperation of>
OnnxValue write(const Merge<of>&, OnnxLayerWriter& writer) {
  return write_merge(of, writer);
}
OnnxValue write(const BatchNormalization& layer, OnnxLayerWriter& writer);
OnnxValue write(const LayerNormalization& layer, OnnxLayerWriter& writer);
OnnxValue write(const Normalization& layer, OnnxLayerWriter& writer);
OnnxValue write(const Rescaling& layer, OnnxLayerWriter& writer);

// arrangement.cpp
OnnxValue write(const Concatenate& layer, OnnxLayerWriter& writer);
OnnxValue write(const ZeroPadding2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const Flatten& layer, OnnxLayerWriter& writer);
OnnxValue write(const Reshape& layer, OnnxLayerWriter& writer);
OnnxValue write(const Permute& layer, OnnxLayerWriter& writer);

// resizing.cpp
OnnxValue write(const Cropping2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const UpSampling2D& layer, OnnxLayerWriter& writer);
OnnxValue write(const Resizing& layer, OnnxLayerWriter& writer);
OnnxValue write(const RandomCrop& layer, OnnxLayerWriter& writer);

}  // namespace petal
