#include <algorithm>
#include <cmath>

#include "kernels/cuda/normalization/shared_statistics.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Each channel's mean and deviation, and what the layer makes of the normal: gamma * normal + beta.
struct Channels {
  const float *mean, *spread;  // spread: the deviation, or with `epsilon` the variance
  const float *gamma, *beta;   // null: 1 and 0
  float epsilon;
  bool is_variance;
  Index channels;

  PETAL_BODY float deviation(Index c) const {
    return is_variance ? std::sqrt(spread[c] + epsilon) : spread[c];
  }
  PETAL_BODY float scale(Index c) const { return gamma ? gamma[c] : 1.0f; }
  PETAL_BODY float normal(float x, Index c) const { return (x - mean[c]) / deviation(c); }
};

struct Normalize {
  Channels channels;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    const Index c = i % channels.channels;
    dst[i] = channels.scale(c) * channels.normal(src[i], c) + (channels.beta ? channels.beta[c] : 0.0f);
  }
};

// The batch's statistics, in two passes: the mean, then the squares of what is centred by it.
struct ValueTerm {
  Numbers src;
  Index channels;
  PETAL_BODY void operator()(Index row, Index c, float* sums) const { sums[0] += src[row * channels + c]; }
};

struct SquareTerm {
  Numbers src;
  const float* mean;
  Index channels;
  PETAL_BODY void operator()(Index row, Index c, float* sums) const {
    const float centred = src[row * channels + c] - mean[c];
    sums[0] += centred * centred;
  }
};

struct KeepMean {
  float* mean;
  float rows;
  Moving moving;
  PETAL_BODY void operator()(Index c, const float* sums) const {
    mean[c] = sums[0] / rows;
    moving.move(c, mean[c]);
  }
};

struct KeepDeviation {
  float* deviation;
  float rows, epsilon;
  Moving moving;
  PETAL_BODY void operator()(Index c, const float* sums) const {
    const float variance = sums[0] / rows;
    deviation[c] = std::sqrt(variance + epsilon);
    moving.move(c, variance);
  }
};

// Sums of diff_dst, and of diff_dst * normal, over a channel.
struct GradientTerm {
  Channels channels;
  Numbers src, diff_dst;
  PETAL_BODY void operator()(Index row, Index c, float* sums) const {
    const Index i = row * channels.channels + c;
    const float gradient = diff_dst[i];
    sums[0] += gradient;
    sums[1] += gradient * channels.normal(src[i], c);
  }
};

struct KeepGradients {
  float *gradient, *product;  // null: not wanted
  PETAL_BODY void operator()(Index c, const float* sums) const {
    if (gradient) gradient[c] = sums[0];
    if (product) product[c] = sums[1];
  }
};

// Where the statistics are the batch's, they move with src too:
// diff_src = gamma / deviation * (diff_dst - mean(diff_dst) - normal * mean(diff_dst * normal)).
struct BackwardData {
  Channels channels;
  Numbers src, diff_dst;
  const float *gradient, *product;  // sums of the batch; null: its statistics are constants
  float own_rows;
  const float* all_rows;  // of a batch that other devices share; null: none does
  Results diff_src;
  PETAL_BODY void operator()(Index i) const {
    const Index c = i % channels.channels;
    const float rows = all_rows ? *all_rows : own_rows;
    float through = diff_dst[i];
    if (gradient) through -= (gradient[c] + channels.normal(src[i], c) * product[c]) / rows;
    diff_src[i] = channels.scale(c) / channels.deviation(c) * through;
  }
};

class Normalization {
 public:
  Normalization(const BatchNormalization& layer, const Device& device, const PrepareContext& context)
      : layer_(layer),
        queue_(device.queue),
        arrays_(context),
        weights_(device, context),
        of_batch_(context.mode == Mode::training && context.node.trainable),
        communicator_(of_batch_ ? device.communicator : nullptr),
        channels_(context.dst.shape.back()),
        elements_(context.dst.shape.elements()),
        split_(column_split(elements_ / channels_, channels_)) {}

  void forward(const Bindings& b) const {
    const Numbers src = arrays_.src(b);
    if (communicator_) {
      share_statistics(b);
    } else if (of_batch_) {
      float *mean = as<float>(b.workspace), *deviation = mean + channels_;
      sum_columns<1>(queue_, split_, ValueTerm{src, channels_},
                     KeepMean{mean, rows(), {b.statistics[0], layer_.momentum}}, b.scratch);
      sum_columns<1>(queue_, split_, SquareTerm{src, mean, channels_},
                     KeepDeviation{deviation, rows(), layer_.epsilon, {b.statistics[1], layer_.momentum}},
                     b.scratch);
    }
    for_each(queue_, elements_, Normalize{channels(b), src, arrays_.dst(b)});
  }

  void backward_data(const Bindings& b) const {
    if (!b.diff_src[0]) return;
    float *gradient = nullptr, *product = nullptr;
    if (of_batch_) {
      gradient = as<float>(b.scratch);
      product = gradient + channels_;
      sum_gradients(b, {gradient, product}, b.scratch + sums_bytes());
    }
    const float* all_rows = nullptr;
    if (communicator_) {
      const Communicator::Array sums{gradient, 2 * channels_};
      communicator_->sum({&sums, 1});
      all_rows = as<float>(b.workspace) + 2 * channels_;
    }
    for_each(queue_, elements_,
             BackwardData{channels(b), arrays_.src(b), arrays_.diff_dst(b), gradient, product, rows(),
                          all_rows, arrays_.diff_src(b)});
  }

  // Of this device's samples: gradients of weights are summed over the devices with all others.
  void backward_weights(const Bindings& b) const {
    std::size_t next = 0;
    float* diff_gamma = layer_.scale ? as<float>(b.diff_weights[next++]) : nullptr;
    float* diff_beta = layer_.center ? as<float>(b.diff_weights[next]) : nullptr;
    sum_gradients(b, {diff_beta, diff_gamma}, b.scratch);
  }

  // Each channel's mean and deviation; with other devices, how many rows these are of.
  std::size_t workspace_bytes() const {
    if (!of_batch_) return 0;
    return sums_bytes() + (communicator_ ? sizeof(float) : 0);
  }
  std::size_t scratch_bytes() const {
    const std::size_t sums = communicator_ ? std::max(sums_bytes(), places_bytes()) : sums_bytes();
    return sums + partial_sums_bytes(split_, 2);
  }

 private:
  float rows() const { return static_cast<float>(split_.rows); }
  std::size_t sums_bytes() const { return 2 * static_cast<std::size_t>(channels_) * sizeof(float); }

  std::size_t places_bytes() const {
    return static_cast<std::size_t>(communicator_->devices() * StatisticsPlaces::size(channels_)) *
           sizeof(float);
  }

  // Those of a batch of which each device has a part: one sum over the devices.
  void share_statistics(const Bindings& b) const {
    const StatisticsPlaces places{as<float>(b.scratch), channels_, communicator_->devices()};
    const int own = communicator_->rank();
    const Numbers src = arrays_.src(b);
    for_each(queue_, places.elements(), BeginPlaces{places.places, &places.rows(own), rows()});
    sum_columns<1>(queue_, split_, ValueTerm{src, channels_}, KeepMeanOfRows{places.means(own), rows()},
                   b.scratch + places_bytes());
    sum_columns<1>(queue_, split_, SquareTerm{src, places.means(own), channels_},
                   KeepSum{places.squares(own)}, b.scratch + places_bytes());
    const Communicator::Array all{places.places, places.elements()};
    communicator_->sum({&all, 1});
    float* kept = as<float>(b.workspace);
    for_each(queue_, channels_,
             CombineStatistics{places,
                               kept,
                               kept + channels_,
                               kept + 2 * channels_,
                               layer_.epsilon,
                               {b.statistics[0], layer_.momentum},
                               {b.statistics[1], layer_.momentum}});
  }

  void sum_gradients(const Bindings& b, const KeepGradients& keep, std::byte* scratch) const {
    sum_columns<2>(queue_, split_, GradientTerm{channels(b), arrays_.src(b), arrays_.diff_dst(b)}, keep,
                   scratch);
  }

  Channels channels(const Bindings& b) const {
    const float* gamma = layer_.scale ? weights_(b, 0) : nullptr;
    const float* beta = layer_.center ? weights_(b, layer_.scale ? 1 : 0) : nullptr;
    if (of_batch_) {
      const float* kept = as<float>(b.workspace);
      return {kept, kept + channels_, gamma, beta, 0.0f, false, channels_};
    }
    const std::size_t first = std::size_t{layer_.scale} + std::size_t{layer_.center};
    return {weights_(b, first), weights_(b, first + 1), gamma, beta, layer_.epsilon, true, channels_};
  }

  BatchNormalization layer_;
  Queue queue_;
  ValueArrays arrays_;
  WeightArrays weights_;
  bool of_batch_;
  std::shared_ptr<const Communicator> communicator_;  // null: the batch is this device's alone
  Index channels_, elements_;
  ColumnSplit split_;
};

}  // namespace

Support supports(const BatchNormalization&, Direction) {
  return {};
}

KernelPointer prepare(const BatchNormalization& layer, const Device& device, const PrepareContext& context) {
  const Normalization n(layer, device, context);
  switch (context.direction) {
    case Direction::backward_data:
      return launches([n](const Bindings& b) { n.backward_data(b); }, {.scratch_bytes = n.scratch_bytes()});
    case Direction::backward_weights:
      return launches([n](const Bindings& b) { n.backward_weights(b); },
                      {.scratch_bytes = n.scratch_bytes()});
    case Direction::forward:
      break;
  }
  return launches([n](const Bindings& b) { n.forward(b); },
                  {.workspace_bytes = n.workspace_bytes(), .scratch_bytes = n.scratch_bytes()});
}

}  // namespace petal::cuda
