#include "io/hdf5/keras_writer.h"

#include "engine/keras_order.h"
#include "io/hdf5/keras_matching.h"

namespace petal {

void write_keras2_weights(Hdf5Writer& file, const std::string& group, const std::string& keras_version,
                          const Network& network) {
  file.create_group(group);
  file.write_string_attribute(group, "backend", "tensorflow");
  file.write_string_attribute(group, "keras_version", keras_version);
  std::vector<std::string> layers;
  // Keras fills its layers in this order, whatever their names.
  for (const int index : keras_order(network.graph)) {
    const Node& node = network.graph[index];
    layers.push_back(node.name);
    const std::string layer = group + "/" + node.name;
    file.create_group(layer);
    std::vector<std::string> names;
    for (const WeightDeclaration& weight : network.graph.weights(node)) {
      names.push_back(weight.name + ":0");
      const Tensor& tensor = network.weights.at(weight.name);
      file.write_dataset(layer + "/" + names.back(), tensor.shape(), tensor.values());
    }
    file.write_strings_attribute(layer, "weight_names", names);
  }
  file.write_strings_attribute(group, "layer_names", layers);
}

void write_keras3_weights(Hdf5Writer& file, const Network& network) {
  file.create_group("layers");
  for (const ModelLayer& layer : model_layers(network.graph)) {
    const std::string variables = "layers/" + layer.class_name +
                                  (layer.number == 0 ? "" : "_" + std::to_string(layer.number)) + "/vars";
    file.create_group(variables);
    file.write_string_attribute(variables, "name", layer.name);
    for (std::size_t i = 0; i < layer.weights.size(); ++i) {
      const Tensor& tensor = network.weights.at(layer.weights[i].name);
      file.write_dataset(variables + "/" + std::to_string(i), tensor.shape(), tensor.values());
    }
  }
}

}  // namespace petal
