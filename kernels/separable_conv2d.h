#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "engine/backend.h"

namespace petal {

// SeparableConv2D on a backend that has DepthwiseConv2D and Conv2D: their kernels one after the other. The
// image between them lies in scratch; in training in the workspace, where backward finds it. Its gradient,
// with which both backward directions begin, is made anew by each.
class SeparableKernel final : public Kernel {
 public:
  // `prepare(layer, context)` makes the kernel of a part, which is a DepthwiseConv2D or a Conv2D.
  template <class Prepare>
  SeparableKernel(const SeparableConv2D& layer, const PrepareContext& context, const Prepare& prepare)
      : direction_(context.direction), kept_(context.mode == Mode::training) {
    const Shape src = context.src[0].shape.without_batch();
    const DepthwiseConv2D depthwise_layer = depthwise_part(layer);
    const Conv2D pointwise_layer = pointwise_part(layer);
    Node depthwise{.name = context.node.name, .layer = depthwise_layer, .inputs = {0}};
    depthwise.shape = infer_shape(depthwise.layer, depthwise.name, std::span(&src, 1));
    depthwise.trainable = context.node.trainable;
    Node pointwise = context.node;
    pointwise.layer = pointwise_layer;
    pointwise.inputs[0] = -1;  // the image between is no residual's
    // Halves are rounded where they leave the layer, not between.
    const DataType type = context.dst.type == DataType::f64 ? DataType::f64 : DataType::f32;
    const TensorDescription between{type, depthwise.shape.with_batch(context.dst.shape[0])};
    between_bytes_ = (between.bytes() + Buffer::alignment - 1) / Buffer::alignment * Buffer::alignment;

    const auto part = [&](const Node& node, Direction direction) {
      const bool first = &node == &depthwise;
      PrepareContext of{node,         direction,   context.mode, context.precision,
                        context.src,  context.dst, {},           context.constant_weights,
                        context.layer};
      (first ? of.dst : of.src[0]) = between;
      of.src.resize(node.inputs.size());
      const auto second = context.weights.begin() + 1;
      of.weights.assign(first ? context.weights.begin() : second, first ? second : context.weights.end());
      std::unique_ptr<Kernel> kernel = first ? prepare(depthwise_layer, of) : prepare(pointwise_layer, of);
      part_scratch_ = std::max(part_scratch_, kernel->scratch_bytes());
      return kernel;
    };
    depthwise_ = part(depthwise, direction_);
    if (direction_ != Direction::backward_data) pointwise_ = part(pointwise, direction_);
    if (direction_ != Direction::forward) pointwise_data_ = part(pointwise, Direction::backward_data);
  }

  void run(const Bindings& bindings) override {
    if (direction_ == Direction::forward) return forward(bindings);
    if (direction_ == Direction::backward_data && !bindings.diff_src[0]) return;
    backward(bindings);
  }

  std::size_t scratch_bytes() const override { return between_bytes_ + part_scratch_; }
  std::size_t workspace_bytes() const override {
    return kept_ && direction_ == Direction::forward ? between_bytes_ : 0;
  }
  std::string implementation() const override {
    return depthwise_->implementation() + ", " +
           (pointwise_ ? pointwise_ : pointwise_data_)->implementation();
  }
  int in_place_input() const override {
    return direction_ == Direction::forward ? pointwise_->in_place_input() : -1;
  }

 private:
  void forward(const Bindings& bindings) {
    std::byte* between = kept_ ? bindings.workspace : bindings.scratch;
    Bindings first = part_of(bindings, true);
    first.dst = between;
    depthwise_->run(first);
    Bindings second = part_of(bindings, false);
    const std::array<const std::byte*, 2> src{between, bindings.src.size() > 1 ? bindings.src[1] : nullptr};
    second.src = std::span(src).first(bindings.src.size());
    pointwise_->run(second);
  }

  void backward(const Bindings& bindings) {
    std::byte* diff_between = bindings.scratch;
    const std::byte* between = bindings.workspace;
    Bindings second = part_of(bindings, false);
    second.src = std::span(&between, 1);
    if (direction_ == Direction::backward_weights) {
      second.diff_weights = bindings.diff_weights.subspan(1);
      pointwise_->run(second);
    }
    second.diff_src = std::span(&diff_between, 1);
    pointwise_data_->run(second);
    Bindings first = part_of(bindings, true);
    first.diff_dst = diff_between;
    if (direction_ == Direction::backward_weights) first.diff_weights = bindings.diff_weights.first(1);
    depthwise_->run(first);
  }

  // What a part shares with the whole: its weights, and scratch behind the image between.
  Bindings part_of(const Bindings& bindings, bool first) const {
    Bindings part = bindings;
    if (!bindings.weights.empty()) {
      part.weights = first ? bindings.weights.first(1) : bindings.weights.subspan(1);
    }
    part.scratch = bindings.scratch + between_bytes_;
    part.workspace = nullptr;
    return part;
  }

  Direction direction_;
  bool kept_;  // for backward
  std::size_t between_bytes_ = 0, part_scratch_ = 0;
  std::unique_ptr<Kernel> depthwise_, pointwise_;
  std::unique_ptr<Kernel> pointwise_data_;  // backward: from diff_dst to the gradient between
};

}  // namespace petal
