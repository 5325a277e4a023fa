#include "io/onnx/onnx_file.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/onnx/layers.h"

namespace petal {
namespace {

// The oldest pair with all operations that are written, which runtimes of 2022 read; the schema's own is
// newer on newer systems.
constexpr std::int64_t ir_version = 8, operator_set = 17;

// What protobuf can hold in one message.
constexpr std::int64_t most_bytes = std::numeric_limits<std::int32_t>::max();

void require_fitting(const std::filesystem::path& file, std::int64_t bytes) {
  if (bytes <= most_bytes) return;
  throw Error(file.string(), "the model takes " + std::to_string(bytes / 1'000'000) +
                                 " MB, and an ONNX file holds at most 2147 MB; export it with --to keras");
}

// The layer's value, under the layer's name unless it is its input's.
OnnxValue write_layer(OnnxGraphWriter& graph, const Network& network, const Node& node,
                      std::vector<OnnxValue> src, bool is_output) {
  if (node.fused_residual) {
    throw Error("layer '" + node.name + "'",
                "it holds a fused residual; write the graph from before fuse_epilogue", ErrorKind::failure);
  }
  const int before = graph.nodes();
  OnnxLayerWriter writer(graph, network, node, std::move(src));
  OnnxValue value = std::visit(
      [&](const auto& layer) -> OnnxValue {
        if constexpr (requires { write(layer, writer); }) {
          return write(layer, writer);
        } else {
          throw Error("layer '" + node.name + "'",
                      "Petal cannot write the class " + std::string(kind(node.layer)) + " as ONNX");
        }
      },
      node.layer);
  const bool is_new = graph.nodes() > before;
  if (is_output) return graph.end_with(node.name, value, is_new);
  if (!is_new) return value;
  graph.rename_last(node.name);
  value.name = node.name;
  graph.describe(value);
  return value;
}

void write_graph(onnx::GraphProto& proto, const Network& network) {
  std::set<std::string> names;
  for (const Node& node : network.graph.nodes()) names.insert(node.name);
  OnnxGraphWriter graph(proto, std::move(names));
  proto.set_name(network.graph.name());
  std::vector<OnnxValue> values;
  for (const Node& node : network.graph.nodes()) {
    if (const auto* input = std::get_if<Input>(&node.layer)) {
      values.push_back(graph.add_input(node.name, input->shape));
      continue;
    }
    std::vector<OnnxValue> src;
    for (int input : node.inputs) src.push_back(values[static_cast<std::size_t>(input)]);
    const bool is_output = std::ranges::count(network.graph.outputs(), static_cast<int>(values.size())) > 0;
    values.push_back(write_layer(graph, network, node, std::move(src), is_output));
  }
  for (int output : network.graph.outputs()) graph.add_output(values[static_cast<std::size_t>(output)]);
}

void add_metadata(onnx::ModelProto& proto, const std::filesystem::path& file, const Model& model) {
  const auto add = [&](const char* key, const std::string& value) {
    onnx::StringStringEntryProto& entry = *proto.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  };
  if (!model.labels.empty()) {
    try {
      add("labels", nlohmann::json(model.labels).dump());
    } catch (const nlohmann::json::exception&) {
      throw Error(file.string(), "a label is not UTF-8; rename its class");
    }
  }
  if (!model.architecture.empty()) add("architecture", model.architecture);
  const Graph& graph = model.network.graph;
  const Shape& photo = graph[graph.inputs()[0]].shape;
  if (photo.rank() != 3 || photo[2] != 3) return;
  add("image_size", nlohmann::json({photo[0], photo[1]}).dump());
  add("apply_exif_orientation", model.apply_exif_orientation ? "true" : "false");
  add("fast_decode", model.fast_decode ? "true" : "false");
  add("Image.BitmapPixelFormat", "Rgb8");
  add("Image.NominalPixelRange", "NominalRange_0_255");
}

std::string content_of(const std::filesystem::path& file, const Model& model) {
  require_fitting(file, model.network.graph.parameters() * static_cast<std::int64_t>(sizeof(float)));
  require_complete(model.network.graph, model.network.weights);
  onnx::ModelProto proto;
  proto.set_ir_version(ir_version);
  onnx::OperatorSetIdProto& operators = *proto.add_opset_import();
  operators.set_domain("");
  operators.set_version(operator_set);
  proto.set_producer_name("petal");
  proto.set_producer_version(PETAL_VERSION);
  proto.set_doc_string(
      "An image classifier. It takes RGB photos with pixels in 0..255, height and width as the input says, "
      "and "
      "does its preprocessing itself.");
  add_metadata(proto, file, model);
  write_graph(*proto.mutable_graph(), drop_training_only(model.network));
  require_fitting(file, static_cast<std::int64_t>(proto.ByteSizeLong()));
  return proto.SerializeAsString();
}

}  // namespace

void save_onnx(const std::filesystem::path& file, const Model& model) {
  write_atomically(file, content_of(file, model));
}

}  // namespace petal
