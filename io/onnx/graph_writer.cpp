#include "io/onnx/graph_writer.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace petal {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

// The dimensions behind N as they lie in the file.
std::vector<std::int64_t> dims_of(const OnnxValue& value) {
  std::vector<std::int64_t> dims(value.shape.dims().begin(), value.shape.dims().end());
  if (value.layout == OnnxLayout::channels_first && !dims.empty()) {
    dims.insert(dims.begin(), dims.back());
    dims.pop_back();
  }
  return dims;
}

void fill(onnx::ValueInfoProto& info, const OnnxValue& value) {
  info.set_name(value.name);
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  tensor.mutable_shape()->add_dim()->set_dim_param("N");
  for (std::int64_t dim : dims_of(value)) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
}

void fill(onnx::AttributeProto& attribute, std::int64_t number) {
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(number);
}

void fill(onnx::AttributeProto& attribute, float number) {
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_f(number);
}

void fill(onnx::AttributeProto& attribute, const std::string& text) {
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s(text);
}

void fill(onnx::AttributeProto& attribute, const std::vector<std::int64_t>& numbers) {
  attribute.set_type(onnx::AttributeProto::INTS);
  for (std::int64_t number : numbers) attribute.add_ints(number);
}

// From the layout to the other: the channels, axis `rank`, go to axis 1, or back.
std::vector<std::int64_t> permutation(std::size_t rank, OnnxLayout to) {
  std::vector<std::int64_t> axes(rank + 1);
  std::iota(axes.begin(), axes.end(), std::int64_t{0});
  if (to == OnnxLayout::channels_first) {
    std::rotate(axes.begin() + 1, axes.end() - 1, axes.end());
  } else {
    std::rotate(axes.begin() + 1, axes.begin() + 2, axes.end());
  }
  return axes;
}

bool differs(const OnnxValue& value, OnnxLayout layout) {
  return value.layout != layout && value.shape.rank() > 1;
}

}  // namespace

OnnxValue OnnxGraphWriter::add_input(const std::string& name, const Shape& shape) {
  const OnnxValue value{name, shape};
  fill(*graph_.add_input(), value);
  return value;
}

void OnnxGraphWriter::add_output(const OnnxValue& value) {
  fill(*graph_.add_output(), value);
}

std::string OnnxGraphWriter::add_constant(const std::string& name, const std::vector<std::int64_t>& dims,
                                          std::span<const float> numbers) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(unique(name));
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (std::int64_t dim : dims) tensor.add_dims(dim);
  tensor.set_raw_data(numbers.data(), numbers.size_bytes());
  return tensor.name();
}

std::string OnnxGraphWriter::add_constant(const std::string& name, std::span<const std::int64_t> numbers) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(unique(name));
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(std::ssize(numbers));
  tensor.set_raw_data(numbers.data(), numbers.size_bytes());
  return tensor.name();
}

std::string OnnxGraphWriter::add_node(const std::string& name, const std::string& operation,
                                      const std::vector<std::string>& inputs,
                                      const OnnxAttributes& attributes) {
  onnx::NodeProto& node = *graph_.add_node();
  node.set_name(unique(name));
  node.set_op_type(operation);
  node.add_output(node.name());
  for (const std::string& input : inputs) node.add_input(input);
  for (const auto& [key, content] : attributes) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(key);
    std::visit([&](const auto& c) { fill(attribute, c); }, content);
  }
  return node.name();
}

std::string OnnxGraphWriter::in_layout(const OnnxValue& value, OnnxLayout layout) {
  if (!differs(value, layout)) return value.name;
  std::string& name = transposed_[{value.name, layout}];
  if (name.empty()) {
    const bool first = layout == OnnxLayout::channels_first;
    name = add_transpose(value.name + (first ? "/channels_first" : "/channels_last"), value, layout);
  }
  return name;
}

OnnxValue OnnxGraphWriter::end_with(const std::string& name, const OnnxValue& value, bool is_last_node) {
  if (differs(value, OnnxLayout::channels_last)) {
    add_transpose(name, value, OnnxLayout::channels_last);
  } else if (!is_last_node) {
    add_node(name, "Identity", {value.name});
  }
  rename_last(name);
  return {name, value.shape};
}

std::string OnnxGraphWriter::add_transpose(const std::string& name, const OnnxValue& value,
                                           OnnxLayout layout) {
  return add_node(name, "Transpose", {value.name}, {{"perm", permutation(value.shape.rank(), layout)}});
}

void OnnxGraphWriter::rename_last(const std::string& name) {
  onnx::NodeProto& node = *graph_.mutable_node(graph_.node_size() - 1);
  node.set_name(name);
  node.set_output(0, name);
}

void OnnxGraphWriter::describe(const OnnxValue& value) {
  fill(*graph_.add_value_info(), value);
}

std::string OnnxGraphWriter::unique(const std::string& name) {
  std::string chosen = name;
  for (int i = 1; !taken_.insert(chosen).second; ++i) chosen = name + "_" + std::to_string(i);
  return chosen;
}

}  // namespace petal
