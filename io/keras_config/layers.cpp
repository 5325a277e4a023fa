#include "io/keras_config/layers.h"

#include "engine/error.h"
#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

const Readers& readers() {
  static const Readers all = [] {
    Readers merged;
    for (Readers family : {convolution_readers(), normalization_readers(), pooling_readers(),
                           activation_readers(), shape_readers(), image_readers(), merge_readers(),
                           regularization_readers(), augmentation_readers()}) {
      merged.merge(family);
    }
    return merged;
  }();
  return all;
}

// tf.keras 1.x and 2.x named the current batch normalisation by its version at times.
std::string current_name(const std::string& class_name) {
  if (class_name == "BatchNormalizationV1" || class_name == "BatchNormalizationV2")
    return "BatchNormalization";
  return class_name;
}

}  // namespace

std::vector<Layer> read_layers(const std::string& class_name, const Json& config, const std::string& where,
                               Shapes src, int keras) {
  const auto reader = readers().find(current_name(class_name));
  if (reader == readers().end()) {
    std::string known;
    for (const auto& [name, read] : readers()) known += (known.empty() ? "" : ", ") + name;
    throw Error(where, "its class " + class_name + " is not among those that Petal has: " + known);
  }
  Options options(config, where, class_name, keras);
  std::vector<Layer> layers = {reader->second(options, src)};
  options.require_unset("activity_regularizer");
  options.finish();
  if (!options.behind().empty() && std::holds_alternative<Activation>(layers[0])) layers.clear();
  layers.insert(layers.end(), options.behind().begin(), options.behind().end());
  return layers;
}

}  // namespace petal::keras_config
