#include "kernels/reference/loss.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/error.h"
#include "engine/loss_scale.h"

namespace petal::reference {
namespace {

// Keras's epsilon: no logarithm sees less.
template <class T>
constexpr T epsilon = static_cast<T>(1e-7);

template <class T>
T clip(T p) {
  return std::clamp(p, epsilon<T>, T{1} - epsilon<T>);
}
// The derivative of clip.
template <class T>
T inside(T p) {
  return p >= epsilon<T> && p <= T{1} - epsilon<T> ? T{1} : T{0};
}

template <class T>
T log_of_sum_of_exponentials(const T* x, std::int64_t channels) {
  const T largest = *std::max_element(x, x + channels);
  T sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += std::exp(x[c] - largest);
  return largest + std::log(sum);
}

// The target of a class: one-hot for a label, else smoothed.
template <class T>
T target_of(const Loss& loss, Target target, std::int64_t c, std::int64_t channels) {
  if (loss.kind == Loss::Kind::sparse_categorical_crossentropy) return target.label == c ? T{1} : T{0};
  const T smoothing = static_cast<T>(loss.label_smoothing);
  const T share = loss.kind == Loss::Kind::binary_crossentropy ? T{2} : static_cast<T>(channels);
  return static_cast<T>(target.values[c]) * (T{1} - smoothing) + smoothing / share;
}

// -sum_c t_c log softmax(x)_c; its derivative is softmax(x)_c sum(t) - t_c.
template <class T>
T categorical_from_logits(const Loss& loss, const T* x, Target target, std::int64_t channels, T* diff) {
  const T normalizer = log_of_sum_of_exponentials(x, channels);
  T value = 0;
  T total = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const T t = target_of<T>(loss, target, c, channels);
    value -= t * (x[c] - normalizer);
    total += t;
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    diff[c] = std::exp(x[c] - normalizer) * total - target_of<T>(loss, target, c, channels);
  }
  return value;
}

// q = p / sum(p), then -sum_c t_c log clip(q_c). With g_c = -t_c / q_c where q_c is not clipped, the
// derivative is (g_c - sum_k g_k q_k) / sum(p).
template <class T>
T categorical_from_probabilities(const Loss& loss, const T* p, Target target, std::int64_t channels,
                                 T* diff) {
  T sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += p[c];
  T value = 0;
  T through_sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const T t = target_of<T>(loss, target, c, channels);
    const T q = p[c] / sum;
    value -= t * std::log(clip(q));
    diff[c] = -t / clip(q) * inside(q);
    through_sum += diff[c] * q;
  }
  for (std::int64_t c = 0; c < channels; ++c) diff[c] = (diff[c] - through_sum) / sum;
  return value;
}

// Keras takes log clip(p) as logits here: -log(clip(p_t) / sum_c clip(p_c)).
template <class T>
T sparse_from_probabilities(const T* p, std::int64_t label, std::int64_t channels, T* diff) {
  T sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += clip(p[c]);
  for (std::int64_t c = 0; c < channels; ++c) {
    diff[c] = (T{1} / sum - (c == label ? T{1} / clip(p[c]) : T{0})) * inside(p[c]);
  }
  return std::log(sum) - std::log(clip(p[label]));
}

// The mean over C of -(t log s + (1 - t) log(1 - s)), s = sigmoid(x): max(x, 0) - x t + log(1 + exp(-|x|)).
template <class T>
T binary_from_logits(const Loss& loss, const T* x, Target target, std::int64_t channels, T* diff) {
  T value = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const T t = target_of<T>(loss, target, c, channels);
    value += std::max(x[c], T{0}) - x[c] * t + std::log1p(std::exp(-std::fabs(x[c])));
    diff[c] = (T{1} / (T{1} + std::exp(-x[c])) - t) / static_cast<T>(channels);
  }
  return value / static_cast<T>(channels);
}

template <class T>
T binary_from_probabilities(const Loss& loss, const T* p, Target target, std::int64_t channels, T* diff) {
  T value = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const T t = target_of<T>(loss, target, c, channels);
    const T q = clip(p[c]);
    value -= t * std::log(q) + (T{1} - t) * std::log(T{1} - q);
    diff[c] = ((T{1} - t) / (T{1} - q) - t / q) * inside(p[c]) / static_cast<T>(channels);
  }
  return value / static_cast<T>(channels);
}

template <class T>
class LossLoops final : public LossKernel {
 public:
  LossLoops(const Loss& loss, const Shape& predictions)
      : loss_(loss), batch_(predictions[0]), channels_(predictions.elements() / predictions[0]) {}

  void run(const Arrays& arrays) override {
    const T scale = arrays.scale ? static_cast<T>(arrays.scale->factor()) : T{1};
    for (std::int64_t n = 0; n < batch_; ++n) {
      T* diff = as<T>(arrays.diff_predictions) + n * channels_;
      const T weight = arrays.sample_weights ? static_cast<T>(arrays.sample_weights[n]) : T{1};
      const T value = sample_loss(loss_, as<T>(arrays.predictions) + n * channels_, target(arrays.targets, n),
                                  channels_, diff);
      arrays.losses[n] = static_cast<float>(weight * value);
      for (std::int64_t c = 0; c < channels_; ++c) diff[c] *= scale * weight / static_cast<T>(batch_);
    }
  }

 private:
  Target target(const std::byte* targets, std::int64_t n) const {
    if (loss_.kind != Loss::Kind::sparse_categorical_crossentropy) {
      return {.values = as<float>(targets) + n * channels_};
    }
    const std::int32_t label = as<std::int32_t>(targets)[n];
    if (label < 0 || label >= channels_) {
      throw Error("loss", "sample " + std::to_string(n) + " has the class number " + std::to_string(label) +
                              "; the network tells " + std::to_string(channels_) + " classes, 0 to " +
                              std::to_string(channels_ - 1) + " apart");
    }
    return {.label = label};
  }

  Loss loss_;
  std::int64_t batch_, channels_;
};

}  // namespace

template <class T>
T sample_loss(const Loss& loss, const T* predictions, Target target, std::int64_t channels, T* diff) {
  if (loss.kind == Loss::Kind::binary_crossentropy) {
    return loss.from_logits ? binary_from_logits(loss, predictions, target, channels, diff)
                            : binary_from_probabilities(loss, predictions, target, channels, diff);
  }
  if (loss.from_logits) return categorical_from_logits(loss, predictions, target, channels, diff);
  if (loss.kind == Loss::Kind::sparse_categorical_crossentropy) {
    return sparse_from_probabilities(predictions, target.label, channels, diff);
  }
  return categorical_from_probabilities(loss, predictions, target, channels, diff);
}

template float sample_loss(const Loss&, const float*, Target, std::int64_t, float*);
template double sample_loss(const Loss&, const double*, Target, std::int64_t, double*);

std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, const TensorDescription& predictions) {
  if (predictions.type == DataType::f64) return std::make_unique<LossLoops<double>>(loss, predictions.shape);
  if (predictions.type == DataType::f32) return std::make_unique<LossLoops<float>>(loss, predictions.shape);
  throw Error("loss", "the reference backend takes float32 and float64 predictions, not " +
                          std::string(to_string(predictions.type)));
}

}  // namespace petal::reference
