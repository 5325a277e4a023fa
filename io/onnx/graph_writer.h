#pragma once

#include <onnx/onnx.pb.h>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/shape.h"

namespace petal {

// Where a value's channels stand: (N, d0, ..., C) as in Petal, or (N, C, d0, ...) as ONNX's convolutions take
// them. The same thing for (N, C).
enum class OnnxLayout { channels_last, channels_first };

// A value of the file, which stands for that of a layer.
struct OnnxValue {
  std::string name;
  Shape shape;  // one sample's, channels last
  OnnxLayout layout = OnnxLayout::channels_last;
};

using OnnxAttribute =
    std::pair<std::string, std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>>>;
using OnnxAttributes = std::vector<OnnxAttribute>;

// Appends to an ONNX graph. Nodes stand in the order in which they are added; every value and constant gets a
// name of its own: the one asked for, or where it is taken that with "_1", "_2", ... behind it.
class OnnxGraphWriter {
 public:
  // The names in `reserved` are given to nobody: they are for add_input and rename_last.
  OnnxGraphWriter(onnx::GraphProto& graph, std::set<std::string> reserved)
      : graph_(graph), taken_(std::move(reserved)) {}

  OnnxValue add_input(const std::string& name, const Shape& shape);
  void add_output(const OnnxValue& value);
  // A tensor of float32 or int64 numbers; the name that it got.
  std::string add_constant(const std::string& name, const std::vector<std::int64_t>& dims,
                           std::span<const float> numbers);
  std::string add_constant(const std::string& name, std::span<const std::int64_t> numbers);
  // One operation of ONNX's default domain; the name of its one output.
  std::string add_node(const std::string& name, const std::string& operation,
                       const std::vector<std::string>& inputs, const OnnxAttributes& attributes = {});
  // The value in that layout: itself, or behind a Transpose, which is added once for all who ask.
  std::string in_layout(const OnnxValue& value, OnnxLayout layout);
  // The value as one that leaves the file: channels last, under a reserved name. The node that was added last
  // takes the name where the value is that node's and lies right, else a Transpose or an Identity behind it.
  OnnxValue end_with(const std::string& name, const OnnxValue& value, bool is_last_node);
  // Gives the node that was added last, and its output, a reserved name.
  void rename_last(const std::string& name);
  // Notes the value's type and shape, for viewers and for shape inference to check.
  void describe(const OnnxValue& value);
  int nodes() const { return graph_.node_size(); }

 private:
  std::string unique(const std::string& name);
  std::string add_transpose(const std::string& name, const OnnxValue& value, OnnxLayout layout);

  onnx::GraphProto& graph_;
  std::set<std::string> taken_;
  std::map<std::pair<std::string, OnnxLayout>, std::string> transposed_;
};

}  // namespace petal
