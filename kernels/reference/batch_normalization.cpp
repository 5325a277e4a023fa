#include "kernels/reference/batch_normalization.h"

#include <cmath>

namespace petal::reference {
namespace {

// normal = (src - mean) / sqrt(variance + epsilon), dst = gamma * normal + beta, with the moving statistics
// or, in training where the node is not frozen, the batch's.
template <class T>
class Normalization {
 public:
  Normalization(const BatchNormalization& layer, const PrepareContext& context)
      : layer_(layer),
        weights_(context),
        of_batch_(uses_batch_statistics(context)),
        channels_(context.dst.shape.back()),
        rows_(context.dst.shape.elements() / channels_) {}

  void forward(const Bindings& bindings) const {
    const T* src = as<T>(bindings.src[0]);
    T* dst = as<T>(bindings.dst);
    for (std::int64_t c = 0; c < channels_; ++c) {
      if (of_batch_) take_statistics(bindings, c);
      const Channel channel = channel_of(bindings, c);
      const T beta = layer_.center ? weights_(bindings, layer_.scale ? 1 : 0)[c] : T{0};
      for (std::int64_t i = c; i < rows_ * channels_; i += channels_) {
        dst[i] = channel.gamma * channel.normal(src[i]) + beta;
      }
    }
  }

  // Where the statistics are the batch's, they move with src too:
  // diff_src = gamma / deviation * (diff_dst - mean(diff_dst) - normal * mean(diff_dst * normal)).
  void backward_data(const Bindings& bindings) const {
    const T* src = as<T>(bindings.src[0]);
    const T* diff_dst = as<T>(bindings.diff_dst);
    T* diff_src = as<T>(bindings.diff_src[0]);
    if (!diff_src) return;
    for (std::int64_t c = 0; c < channels_; ++c) {
      const Channel channel = channel_of(bindings, c);
      const T factor = channel.gamma / channel.deviation;
      const Sums sums = of_batch_ ? sums_of(bindings, channel, c) : Sums{};
      for (std::int64_t i = c; i < rows_ * channels_; i += channels_) {
        diff_src[i] = factor * diff_dst[i];
        if (!of_batch_) continue;
        const T through_statistics = sums.gradient + channel.normal(src[i]) * sums.product;
        diff_src[i] -= factor * through_statistics / static_cast<T>(rows_);
      }
    }
  }

  void backward_weights(const Bindings& bindings) const {
    std::size_t next = 0;
    T* diff_gamma = layer_.scale ? as<T>(bindings.diff_weights[next++]) : nullptr;
    T* diff_beta = layer_.center ? as<T>(bindings.diff_weights[next]) : nullptr;
    for (std::int64_t c = 0; c < channels_; ++c) {
      const Sums sums = sums_of(bindings, channel_of(bindings, c), c);
      if (diff_gamma) diff_gamma[c] = sums.product;
      if (diff_beta) diff_beta[c] = sums.gradient;
    }
  }

  // Each channel's mean and deviation.
  std::size_t workspace_bytes() const {
    return of_batch_ ? 2 * static_cast<std::size_t>(channels_) * sizeof(T) : 0;
  }

 private:
  struct Channel {
    T mean, deviation, gamma;
    T normal(T x) const { return (x - mean) / deviation; }
  };
  // Of diff_dst, and of diff_dst * normal, over a channel.
  struct Sums {
    T gradient{}, product{};
  };

  Channel channel_of(const Bindings& bindings, std::int64_t c) const {
    const T gamma = layer_.scale ? weights_(bindings, 0)[c] : T{1};
    if (of_batch_) {
      const T* kept = as<T>(bindings.workspace) + 2 * c;
      return {kept[0], kept[1], gamma};
    }
    const std::size_t first = std::size_t{layer_.scale} + std::size_t{layer_.center};
    return {weights_(bindings, first)[c], deviation(weights_(bindings, first + 1)[c]), gamma};
  }

  T deviation(T variance) const { return std::sqrt(variance + static_cast<T>(layer_.epsilon)); }

  // The batch's mean and variance: into the workspace, and a step of the moving ones towards them.
  void take_statistics(const Bindings& bindings, std::int64_t c) const {
    const T* src = as<T>(bindings.src[0]);
    T mean{}, variance{};
    for (std::int64_t row = 0; row < rows_; ++row) mean += src[row * channels_ + c];
    mean /= static_cast<T>(rows_);
    for (std::int64_t row = 0; row < rows_; ++row) {
      const T centred = src[row * channels_ + c] - mean;
      variance += centred * centred;
    }
    variance /= static_cast<T>(rows_);
    T* kept = as<T>(bindings.workspace) + 2 * c;
    kept[0] = mean;
    kept[1] = deviation(variance);
    move(bindings.statistics[0][c], mean);
    move(bindings.statistics[1][c], variance);
  }

  void move(float& moving, T batch) const {
    const T momentum = static_cast<T>(layer_.momentum);
    moving = static_cast<float>(static_cast<T>(moving) * momentum + batch * (T{1} - momentum));
  }

  Sums sums_of(const Bindings& bindings, const Channel& channel, std::int64_t c) const {
    const T* src = as<T>(bindings.src[0]);
    const T* diff_dst = as<T>(bindings.diff_dst);
    Sums sums;
    for (std::int64_t i = c; i < rows_ * channels_; i += channels_) {
      sums.gradient += diff_dst[i];
      sums.product += diff_dst[i] * channel.normal(src[i]);
    }
    return sums;
  }

  static bool uses_batch_statistics(const PrepareContext& context) {
    return context.mode == Mode::training && context.node.trainable;
  }

  BatchNormalization layer_;
  WeightArrays<T> weights_;
  bool of_batch_;
  std::int64_t channels_, rows_;
};

}  // namespace

Support supports(const BatchNormalization&, Direction) {
  return supported();
}

std::unique_ptr<Kernel> prepare(const BatchNormalization& layer, const PrepareContext& context) {
  return with_scalar(context.precision, [&]<class T>() {
    Normalization<T> normalization(layer, context);
    const std::size_t workspace = normalization.workspace_bytes();
    switch (context.direction) {
      case Direction::backward_data:
        return loops([n = std::move(normalization)](const Bindings& b) { n.backward_data(b); });
      case Direction::backward_weights:
        return loops([n = std::move(normalization)](const Bindings& b) { n.backward_weights(b); });
      case Direction::forward:
        break;
    }
    return loops([n = std::move(normalization)](const Bindings& b) { n.forward(b); }, workspace);
  });
}

}  // namespace petal::reference
