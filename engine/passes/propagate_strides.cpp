#include <algorithm>
#include <optional>

#include "engine/passes/passes.h"

namespace petal {
namespace {

constexpr Size2D every_pixel{1, 1};

// The strides at which a node reads its first input, where it reads single pixels of it and nothing else.
std::optional<Size2D> single_pixel_strides(const Node& node) {
  const auto* layer = std::get_if<Conv2D>(&node.layer);
  if (!layer || layer->kernel != Size2D{1, 1}) return std::nullopt;
  if (layer->padding.kind == Padding::Kind::explicit_ && layer->padding.pads != Padding2D{})
    return std::nullopt;
  return layer->strides;
}

// The nodes of a graph on the way to a lesser number of pixels.
class Strides {
 public:
  explicit Strides(const Graph& graph)
      : graph_(graph),
        nodes_(graph.nodes().begin(), graph.nodes().end()),
        readers_(nodes_.size()),
        residual_strides_(nodes_.size(), every_pixel) {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      for (int input : nodes_[i].inputs) readers_[static_cast<std::size_t>(input)].push_back(i);
    // From the back, as what a layer is made to skip, the one before it may skip too.
    for (std::size_t i = nodes_.size(); i-- > 0;) take_over_strides(i);
  }

  Graph rebuilt() const {
    GraphBuilder builder(graph_.name());
    std::vector<Value> values;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      std::vector<Value> inputs;
      for (int input : nodes_[i].inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
      if (residual_strides_[i] != every_pixel)
        inputs.back() =
            builder.add(nodes_[i].name + "/residual",
                        MaxPooling2D{.pool = {1, 1}, .strides = residual_strides_[i]}, inputs.back());
      values.push_back(builder.add(nodes_[i], inputs));
    }
    std::vector<Value> outputs;
    for (int output : graph_.outputs()) outputs.push_back(values[static_cast<std::size_t>(output)]);
    return std::move(builder).build(outputs);
  }

 private:
  // The strides at which all readers take single pixels of the node; every pixel where they do not agree.
  Size2D strides_of_readers(std::size_t index) const {
    const int number = static_cast<int>(index);
    if (readers_[index].empty() || std::ranges::count(graph_.outputs(), number) > 0) return every_pixel;
    std::optional<Size2D> common;
    for (std::size_t reader : readers_[index]) {
      const Node& node = nodes_[reader];
      const std::optional<Size2D> strides = single_pixel_strides(node);
      const bool as_residual = node.inputs[0] != number;
      if (!strides || as_residual || (common && *common != *strides)) return every_pixel;
      common = strides;
    }
    return *common;
  }

  void take_over_strides(std::size_t index) {
    const Size2D strides = strides_of_readers(index);
    if (strides == every_pixel) return;
    Node& node = nodes_[index];
    if (auto* conv = std::get_if<Conv2D>(&node.layer)) {
      stride(node, *conv, strides);
    } else if (auto* depthwise = std::get_if<DepthwiseConv2D>(&node.layer)) {
      stride(node, *depthwise, strides);
    } else {
      return;
    }
    if (node.fused_residual) residual_strides_[index] = strides;
    for (std::size_t reader : readers_[index]) std::get<Conv2D>(nodes_[reader].layer).strides = every_pixel;
  }

  // Makes a layer compute each of so many pixels only. The padding in front decides where its windows begin,
  // so it stays; behind, what the last window left needs.
  template <class L>
  void stride(const Node& node, L& layer, Size2D by) const {
    const Shape src = graph_.input_shapes(node)[0];
    const Window window = resolve_window(node.name, {src[0], src[1]}, layer.kernel, layer.strides,
                                         layer.dilation, layer.padding);
    const auto behind = [](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t dilation,
                           std::int64_t strides, std::int64_t every, std::int64_t before) {
      const std::int64_t left = (out + every - 1) / every;
      const std::int64_t reach = (left - 1) * strides * every + (kernel - 1) * dilation + 1;
      return std::max<std::int64_t>(0, reach - in - before);
    };
    const Padding2D pads = {
        window.padding.top,
        behind(window.input.height, window.output.height, layer.kernel.height, layer.dilation.height,
               layer.strides.height, by.height, window.padding.top),
        window.padding.left,
        behind(window.input.width, window.output.width, layer.kernel.width, layer.dilation.width,
               layer.strides.width, by.width, window.padding.left)};
    layer.padding = pads == Padding2D{} ? Padding::valid : Padding::explicitly(pads);
    layer.strides = {layer.strides.height * by.height, layer.strides.width * by.width};
  }

  const Graph& graph_;
  std::vector<Node> nodes_;
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<Size2D> residual_strides_;
};

}  // namespace

Network propagate_strides(const Network& network) {
  return {Strides(network.graph).rebuilt(), network.weights};
}

}  // namespace petal
