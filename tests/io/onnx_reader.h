#pragma once

#include <onnx/onnx.pb.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

// Reads ONNX files with protobuf's classes, as those who take them from Petal do.
namespace petal::testing {

inline onnx::ModelProto read_onnx(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  onnx::ModelProto model;
  const bool parsed = model.ParseFromString(std::string(std::istreambuf_iterator<char>(in), {}));
  if (!parsed) throw std::runtime_error(file.string() + " is no ONNX file");
  return model;
}

inline std::string joined(const auto& items) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ',';
    if constexpr (std::is_convertible_v<decltype(item), std::string>) {
      text += item;
    } else {
      text += std::to_string(item);
    }
  }
  return text;
}

// "N,3,8,8" of an input, an output or a value_info.
inline std::string dims_of(const onnx::ValueInfoProto& value) {
  std::vector<std::string> dims;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    dims.push_back(dim.has_dim_param() ? dim.dim_param() : std::to_string(dim.dim_value()));
  }
  return joined(dims);
}

inline std::map<std::string, const onnx::TensorProto*> constants_of(const onnx::GraphProto& graph) {
  std::map<std::string, const onnx::TensorProto*> constants;
  for (const onnx::TensorProto& tensor : graph.initializer()) constants[tensor.name()] = &tensor;
  return constants;
}

template <class T>
std::vector<T> numbers_of(const onnx::TensorProto& tensor) {
  std::vector<T> numbers(tensor.raw_data().size() / sizeof(T));
  std::memcpy(numbers.data(), tensor.raw_data().data(), tensor.raw_data().size());
  return numbers;
}

inline std::string text_of(const onnx::AttributeProto& attribute) {
  switch (attribute.type()) {
    case onnx::AttributeProto::INT:
      return std::to_string(attribute.i());
    case onnx::AttributeProto::FLOAT:
      return std::to_string(attribute.f());
    case onnx::AttributeProto::STRING:
      return attribute.s();
    case onnx::AttributeProto::INTS:
      return joined(attribute.ints());
    default:
      return "of another type";
  }
}

// "conv = Conv(x, conv/kernel) strides=2,2 ..."; small integer constants are written out: "Pad(x, [0,1])".
inline std::string text_of(const onnx::NodeProto& node, const onnx::GraphProto& graph) {
  const auto constants = constants_of(graph);
  std::string text = joined(node.output()) + " = " + node.op_type() + "(";
  for (int i = 0; i < node.input_size(); ++i) {
    const auto constant = constants.find(node.input(i));
    const bool integers =
        constant != constants.end() && constant->second->data_type() == onnx::TensorProto::INT64;
    text += (i == 0 ? "" : ", ") +
            (integers ? "[" + joined(numbers_of<std::int64_t>(*constant->second)) + "]" : node.input(i));
  }
  text += ")";
  std::map<std::string, std::string> attributes;
  for (const onnx::AttributeProto& attribute : node.attribute())
    attributes[attribute.name()] = text_of(attribute);
  for (const auto& [name, content] : attributes) text += " " + name + "=" + content;
  return text;
}

inline std::vector<std::string> lines_of(const onnx::GraphProto& graph) {
  std::vector<std::string> lines;
  for (const onnx::NodeProto& node : graph.node()) lines.push_back(text_of(node, graph));
  return lines;
}

// What is wrong with the graph's structure; empty: every name is given once and before it is read, every
// value is read, and every constant has the bytes that its shape asks for.
inline std::string fault_of(const onnx::GraphProto& graph) {
  std::set<std::string> given, read;
  const auto give = [&](const std::string& name) {
    return given.insert(name).second ? "" : name + " twice; ";
  };
  std::string faults;
  for (const auto& input : graph.input()) faults += give(input.name());
  for (const auto& tensor : graph.initializer()) {
    faults += give(tensor.name());
    std::size_t bytes = tensor.data_type() == onnx::TensorProto::FLOAT ? 4 : 8;
    for (std::int64_t dim : tensor.dims()) bytes *= static_cast<std::size_t>(dim);
    if (tensor.raw_data().size() != bytes) faults += tensor.name() + "'s size; ";
  }
  for (const auto& node : graph.node()) {
    for (const std::string& input : node.input()) {
      if (!input.empty() && !given.contains(input))
        faults += node.name() + " reads " + input + " too early; ";
      read.insert(input);
    }
    for (const std::string& output : node.output()) faults += give(output);
  }
  for (const auto& output : graph.output()) read.insert(output.name());
  for (const auto& value : graph.value_info()) {
    if (!given.contains(value.name())) faults += value.name() + " is described, not there; ";
  }
  for (const std::string& name : given) {
    if (!read.contains(name)) faults += name + " is never read; ";
  }
  return faults;
}

}  // namespace petal::testing
