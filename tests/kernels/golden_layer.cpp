#include "tests/kernels/golden_layer.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace petal::testing {
namespace {

using Json = nlohmann::json;

void read(const Json& json, Size2D& size) {
  size = {json[0], json[1]};
}
void read(const Json& json, Padding2D& padding) {
  padding = {json[0], json[1], json[2], json[3]};
}
void read(const Json& json, Padding& padding) {
  padding = json == "same" ? Padding::same : Padding::valid;
}
void read(const Json& json, ActivationFunction& function) {
  function = activation_function("operations.json", json.get<std::string>());
}
void read(const Json& json, Interpolation& interpolation) {
  interpolation = json == "bilinear" ? Interpolation::bilinear : Interpolation::nearest;
}
void read(const Json& json, PerChannel& numbers) {
  numbers = json.is_array() ? PerChannel(json.get<std::vector<float>>()) : PerChannel(json.get<float>());
}
template <class T>
void read(const Json& json, T& value) {
  value = json.get<T>();
}

// Reads the fields that the case names; counts them, so that none is overlooked.
class Fields {
 public:
  explicit Fields(const Json& item) : fields_(item.at("fields")), left_(fields_.size()) {}
  template <class T>
  Fields& operator()(const char* name, T& value) {
    if (!fields_.contains(name)) return *this;
    read(fields_[name], value);
    --left_;
    return *this;
  }
  bool done() const { return left_ == 0; }

 private:
  const Json& fields_;
  std::size_t left_;
};

// A layer without fields, or one that no case describes.
template <class L>
void describe(L&, Fields&) {}
void describe(Conv2D& l, Fields& f) {
  f("filters", l.filters)("kernel", l.kernel)("strides", l.strides)("padding", l.padding)("dilation",
                                                                                          l.dilation);
  f("groups", l.groups)("use_bias", l.use_bias)("activation", l.activation);
}
void describe(DepthwiseConv2D& l, Fields& f) {
  f("kernel", l.kernel)("strides", l.strides)("padding", l.padding)("dilation", l.dilation);
  f("depth_multiplier", l.depth_multiplier)("use_bias", l.use_bias)("activation", l.activation);
}
void describe(Dense& l, Fields& f) {
  f("units", l.units)("use_bias", l.use_bias)("activation", l.activation);
}
void describe(BatchNormalization& l, Fields& f) {
  f("momentum", l.momentum)("epsilon", l.epsilon)("scale", l.scale)("center", l.center);
}
void describe(MaxPooling2D& l, Fields& f) {
  f("pool", l.pool)("strides", l.strides)("padding", l.padding);
}
void describe(AveragePooling2D& l, Fields& f) {
  f("pool", l.pool)("strides", l.strides)("padding", l.padding);
}
void describe(GlobalAveragePooling2D& l, Fields& f) {
  f("keepdims", l.keepdims);
}
void describe(GlobalMaxPooling2D& l, Fields& f) {
  f("keepdims", l.keepdims);
}
void describe(Activation& l, Fields& f) {
  f("function", l.function);
}
void describe(ReLU& l, Fields& f) {
  f("max_value", l.max_value)("negative_slope", l.negative_slope)("threshold", l.threshold);
}
void describe(LeakyReLU& l, Fields& f) {
  f("negative_slope", l.negative_slope);
}
void describe(ELU& l, Fields& f) {
  f("alpha", l.alpha);
}
void describe(PReLU& l, Fields& f) {
  f("shared_axes", l.shared_axes);
}
void describe(ZeroPadding2D& l, Fields& f) {
  f("padding", l.padding);
}
void describe(Reshape& l, Fields& f) {
  f("target", l.target);
}
void describe(Dropout& l, Fields& f) {
  f("rate", l.rate);
}
void describe(SeparableConv2D& l, Fields& f) {
  f("filters", l.filters)("kernel", l.kernel)("strides", l.strides)("padding", l.padding)("dilation",
                                                                                          l.dilation);
  f("depth_multiplier", l.depth_multiplier)("use_bias", l.use_bias)("activation", l.activation);
}
void describe(Conv2DTranspose& l, Fields& f) {
  f("filters", l.filters)("kernel", l.kernel)("strides", l.strides)("padding", l.padding)("dilation",
                                                                                          l.dilation);
  f("use_bias", l.use_bias)("activation", l.activation);
}
void describe(UpSampling2D& l, Fields& f) {
  f("size", l.size)("interpolation", l.interpolation);
}
void describe(Resizing& l, Fields& f) {
  f("height", l.height)("width", l.width)("interpolation", l.interpolation);
}
void describe(LayerNormalization& l, Fields& f) {
  f("dimensions", l.dimensions)("epsilon", l.epsilon)("scale", l.scale)("center", l.center);
}
void describe(Normalization& l, Fields& f) {
  f("by_channel", l.by_channel)("mean", l.mean)("variance", l.variance);
}
void describe(Permute& l, Fields& f) {
  f("dims", l.dims);
}
void describe(Cropping2D& l, Fields& f) {
  f("cropping", l.cropping);
}
void describe(SpatialDropout2D& l, Fields& f) {
  f("rate", l.rate);
}
void describe(GaussianDropout& l, Fields& f) {
  f("rate", l.rate);
}
void describe(GaussianNoise& l, Fields& f) {
  f("stddev", l.stddev);
}
void describe(Rescaling& l, Fields& f) {
  f("scale", l.scale)("offset", l.offset);
}

// Sets `layer` where L is the kind that the case names.
template <class L>
bool take(const Json& item, Layer& layer) {
  if (item.at("kind") != L::kind) return false;
  L described{};
  Fields fields(item);
  describe(described, fields);
  if (!fields.done()) {
    throw Error("operations.json: " + item.at("name").get<std::string>(), "a field is not known to the test");
  }
  layer = described;
  return true;
}

template <class... L>
Layer choose(const Json& item, const std::variant<L...>*) {
  Layer layer;
  if (!(take<L>(item, layer) || ...)) {
    throw Error("operations.json: " + item.at("name").get<std::string>(), "its kind is not known");
  }
  return layer;
}

}  // namespace

Layer golden_layer(const nlohmann::json& item) {
  return choose(item, static_cast<const Layer*>(nullptr));
}

Shape golden_shape(const nlohmann::json& array) {
  return Shape(array.at("shape").get<std::vector<std::int64_t>>());
}

std::vector<double> golden_numbers(const nlohmann::json& array) {
  std::vector<double> values = array.at("times_64").get<std::vector<double>>();
  for (double& value : values) value /= 64;
  return values;
}

}  // namespace petal::testing
