#include <cmath>

#include "engine/passes/draft.h"

namespace petal {
namespace {

// What a batch norm with fixed statistics does to each channel: x * scale + offset, in double.
struct ChannelTransform {
  std::vector<double> scale, offset;
};

ChannelTransform transform_of(const BatchNormalization& layer, const std::string& name,
                              const Weights& weights) {
  const auto mean = weights.at(name + "/moving_mean").values();
  const auto variance = weights.at(name + "/moving_variance").values();
  ChannelTransform transform;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    const double gamma = layer.scale ? static_cast<double>(weights.at(name + "/gamma").values()[c]) : 1.0;
    const double beta = layer.center ? static_cast<double>(weights.at(name + "/beta").values()[c]) : 0.0;
    const double scale =
        gamma / std::sqrt(static_cast<double>(variance[c]) + static_cast<double>(layer.epsilon));
    transform.scale.push_back(scale);
    transform.offset.push_back(beta - static_cast<double>(mean[c]) * scale);
  }
  return transform;
}

// The kernel that makes the layer's output channels: the last. They are its fastest index ((.., C,
// multiplier) read as one), but for Conv2DTranspose, where they stand before the input channels.
struct OutputKernel {
  WeightDeclaration declaration;
  std::size_t inner = 1;  // elements between one output channel and the next
};

OutputKernel output_kernel(const Node& layer, const std::vector<Shape>& src) {
  std::vector<WeightDeclaration> weights = declare_weights(layer.layer, src);
  if (uses_bias(layer.layer)) weights.pop_back();
  const bool transposed = std::holds_alternative<Conv2DTranspose>(layer.layer);
  return {weights.back(), transposed ? static_cast<std::size_t>(src[0].back()) : 1};
}

void fold_into(const Node& layer, const std::vector<Shape>& src, const std::string& name,
               const ChannelTransform& transform, Weights& weights) {
  const std::size_t channels = transform.scale.size();
  const auto [kernel, inner] = output_kernel(layer, src);
  Tensor folded = weights.at(name + "/" + kernel.name);
  const auto values = folded.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<double>(values[i]) * transform.scale[i / inner % channels]);
  }
  Tensor bias(Shape{static_cast<std::int64_t>(channels)});
  for (std::size_t c = 0; c < channels; ++c) {
    const double old =
        uses_bias(layer.layer) ? static_cast<double>(weights.at(name + "/bias").values()[c]) : 0.0;
    bias.values()[c] = static_cast<float>(old * transform.scale[c] + transform.offset[c]);
  }
  weights.set(name + "/" + kernel.name, std::move(folded), Role::weight);
  weights.set(name + "/bias", std::move(bias), Role::weight);
}

}  // namespace

Network fold_batch_normalization(const Network& network, const NodeScope& scope) {
  Draft draft(network);
  const std::vector<bool> within = scope(network.graph);
  for (int i = 0; i < draft.size(); ++i) {
    const auto* norm = std::get_if<BatchNormalization>(&draft.node(i).layer);
    if (!within[static_cast<std::size_t>(i)] || norm == nullptr) continue;
    const int source = draft.node(i).inputs[0];
    const Node& layer = draft.node(source);
    const bool plain = has_epilogue(layer.layer) && !layer.fused_residual &&
                       activation_of(layer.layer) == ActivationFunction::linear;
    if (!plain || !draft.read_once(source)) continue;
    const ChannelTransform transform = transform_of(*norm, draft.node(i).name, draft.weights());
    Node merged = layer;
    const std::vector<Shape> src = draft.input_shapes(source);
    draft.merge(source, i, merged);
    fold_into(merged, src, draft.node(i).name, transform, draft.weights());
    set_use_bias(draft.node(i).layer);
  }
  return draft.finish();
}

}  // namespace petal
