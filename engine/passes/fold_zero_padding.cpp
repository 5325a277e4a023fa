#include "engine/passes/draft.h"

namespace petal {
namespace {

// The padding of a convolution, where it can take more of it.
Padding* foldable_padding(Layer& layer) {
  Padding* padding = nullptr;
  if (auto* conv = std::get_if<Conv2D>(&layer)) padding = &conv->padding;
  if (auto* separable = std::get_if<SeparableConv2D>(&layer)) padding = &separable->padding;
  if (auto* depthwise = std::get_if<DepthwiseConv2D>(&layer)) padding = &depthwise->padding;
  return padding != nullptr && padding->kind != Padding::Kind::same ? padding : nullptr;
}

}  // namespace

Network fold_zero_padding(const Network& network, const NodeScope& scope) {
  Draft draft(network);
  const std::vector<bool> within = scope(network.graph);
  for (int i = 0; i < draft.size(); ++i) {
    Padding* padding = foldable_padding(draft.node(i).layer);
    if (!within[static_cast<std::size_t>(i)] || padding == nullptr) continue;
    const int source = draft.node(i).inputs[0];
    const auto* zeros = std::get_if<ZeroPadding2D>(&draft.node(source).layer);
    if (zeros == nullptr || draft.removed(source) || !draft.read_once(source)) continue;
    const Padding2D& more = zeros->padding;
    const Padding2D& has = padding->pads;
    *padding = Padding::explicitly(
        {has.top + more.top, has.bottom + more.bottom, has.left + more.left, has.right + more.right});
    draft.replace(source, draft.node(source).inputs[0]);
  }
  return draft.finish();
}

}  // namespace petal
