#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "engine/graph.h"
#include "io/keras_config/options.h"

// Layers by family, a file each: how Keras's arguments become our layer, and our layer Keras's arguments.
namespace petal::keras_config {

using Shapes = std::span<const Shape>;  // of a layer's inputs, one sample's
// N counted.
std::size_t rank_of(Shapes src);

// By Keras's class name.
using Readers = std::map<std::string, Layer (*)(Options&, Shapes), std::less<>>;
Readers convolution_readers();
Readers normalization_readers();
Readers pooling_readers();
Readers activation_readers();
Readers shape_readers();
Readers image_readers();
Readers merge_readers();
Readers regularization_readers();
Readers augmentation_readers();

// Members stand in the file in the order that they are given in.
using OrderedJson = nlohmann::ordered_json;

// What one layer is in Keras: its class and the arguments beyond name, trainable and dtype.
struct Description {
  std::string class_name;
  OrderedJson arguments;

  // Adds the regulariser where there is one.
  Description with(const char* key, const Regularizer& regularizer) &&;
};

Description describe(const Input& layer, const Node& node);
Description describe(const Conv2D& layer, const Node& node);
Description describe(const DepthwiseConv2D& layer, const Node& node);
Description describe(const SeparableConv2D& layer, const Node& node);
Description describe(const Conv2DTranspose& layer, const Node& node);
Description describe(const Dense& layer, const Node& node);
Description describe(const BatchNormalization& layer, const Node& node);
Description describe(const LayerNormalization& layer, const Node& node);
Description describe(const Normalization& layer, const Node& node);
Description describe(const Rescaling& layer, const Node& node);
Description describe(const Dropout& layer, const Node& node);
Description describe(const SpatialDropout2D& layer, const Node& node);
Description describe(const GaussianDropout& layer, const Node& node);
Description describe(const GaussianNoise& layer, const Node& node);
Description describe(const ActivityRegularization& layer, const Node& node);
Description describe(const MaxPooling2D& layer, const Node& node);
Description describe(const AveragePooling2D& layer, const Node& node);
Description describe(const GlobalAveragePooling2D& layer, const Node& node);
Description describe(const GlobalMaxPooling2D& layer, const Node& node);
Description describe(const Activation& layer, const Node& node);
Description describe(const ReLU& layer, const Node& node);
Description describe(const LeakyReLU& layer, const Node& node);
Description describe(const ELU& layer, const Node& node);
Description describe(const PReLU& layer, const Node& node);
template <MergeOperation of>
Description describe(const Merge<of>&, const Node&) {
  return {std::string(keras_name(of)), OrderedJson::object()};
}
Description describe(const Concatenate& layer, const Node& node);
Description describe(const ZeroPadding2D& layer, const Node& node);
Description describe(const Flatten& layer, const Node& node);
Description describe(const Reshape& layer, const Node& node);
Description describe(const Permute& layer, const Node& node);
Description describe(const Cropping2D& layer, const Node& node);
Description describe(const UpSampling2D& layer, const Node& node);
Description describe(const Resizing& layer, const Node& node);
Description describe(const RandomFlip& layer, const Node& node);
Description describe(const RandomRotation& layer, const Node& node);
Description describe(const RandomZoom& layer, const Node& node);
Description describe(const RandomTranslation& layer, const Node& node);
Description describe(const RandomCrop& layer, const Node& node);
Description describe(const RandomContrast& layer, const Node& node);
Description describe(const RandomBrightness& layer, const Node& node);
// Throws Error(failure): Keras has none.
Description describe(const RandomAffine& layer, const Node& node);

// "layer 'conv1'": what errors in writing begin with.
std::string where_of(const Node& node);
// The shortest decimal that means this float: 0.001, not 0.0010000000474974513.
double shortest(float value);
OrderedJson pair(Size2D size);
OrderedJson pair(const Range& range);
// Throws Error(failure) for explicit padding, which Keras lacks.
std::string padding_name(const Node& node, const Padding& padding);

}  // namespace petal::keras_config
