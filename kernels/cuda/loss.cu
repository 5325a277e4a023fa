#include <cmath>

#include "engine/loss_scale.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Keras's epsilon: no logarithm sees less.
constexpr float smallest = 1e-7f, largest = 1.0f - 1e-7f;

PETAL_BODY inline float clip(float p) {
  return p < smallest ? smallest : p > largest ? largest : p;
}
// The derivative of clip.
PETAL_BODY inline float inside(float p) {
  return p >= smallest && p <= largest ? 1.0f : 0.0f;
}

// One sample's loss and its gradient.
struct SampleLoss {
  Loss loss;
  Index batch, channels;
  const float* predictions;
  const std::int32_t* labels;  // sparse
  const float* targets;        // the others
  const float* sample_weights;
  const LossScale* scale;
  float *losses, *diff_predictions;

  PETAL_BODY void operator()(Index n) const {
    const float weight = sample_weights ? sample_weights[n] : 1.0f;
    const float* p = predictions + n * channels;
    float* diff = diff_predictions + n * channels;
    losses[n] = weight * value(n, p, diff);
    const float factor = (scale ? scale->factor() : 1.0f) * weight / static_cast<float>(batch);
    for (Index c = 0; c < channels; ++c) diff[c] *= factor;
  }

 private:
  PETAL_BODY bool is_sparse() const { return loss.kind == Loss::Kind::sparse_categorical_crossentropy; }

  // The target of a class: one-hot for a label, else smoothed.
  PETAL_BODY float target(Index n, Index c) const {
    if (is_sparse()) return labels[n] == c ? 1.0f : 0.0f;
    const float share = loss.kind == Loss::Kind::binary_crossentropy ? 2.0f : static_cast<float>(channels);
    return targets[n * channels + c] * (1.0f - loss.label_smoothing) + loss.label_smoothing / share;
  }

  PETAL_BODY float value(Index n, const float* p, float* diff) const {
    if (loss.kind == Loss::Kind::binary_crossentropy)
      return loss.from_logits ? binary_from_logits(n, p, diff) : binary_from_probabilities(n, p, diff);
    if (loss.from_logits) return categorical_from_logits(n, p, diff);
    return is_sparse() ? sparse_from_probabilities(n, p, diff) : categorical_from_probabilities(n, p, diff);
  }

  // -sum_c t_c log softmax(x)_c; its derivative is softmax(x)_c sum(t) - t_c.
  PETAL_BODY float categorical_from_logits(Index n, const float* x, float* diff) const {
    float most = x[0], sum = 0.0f, value = 0.0f, total = 0.0f;
    for (Index c = 1; c < channels; ++c) most = x[c] > most ? x[c] : most;
    for (Index c = 0; c < channels; ++c) sum += std::exp(x[c] - most);
    const float normalizer = most + std::log(sum);
    for (Index c = 0; c < channels; ++c) {
      const float t = target(n, c);
      value -= t * (x[c] - normalizer);
      total += t;
    }
    for (Index c = 0; c < channels; ++c) diff[c] = std::exp(x[c] - normalizer) * total - target(n, c);
    return value;
  }

  // q = p / sum(p), then -sum_c t_c log clip(q_c). With g_c = -t_c / q_c where q_c is not clipped, the
  // derivative is (g_c - sum_k g_k q_k) / sum(p).
  PETAL_BODY float categorical_from_probabilities(Index n, const float* p, float* diff) const {
    float sum = 0.0f, value = 0.0f, through_sum = 0.0f;
    for (Index c = 0; c < channels; ++c) sum += p[c];
    for (Index c = 0; c < channels; ++c) {
      const float t = target(n, c), q = p[c] / sum;
      value -= t * std::log(clip(q));
      diff[c] = -t / clip(q) * inside(q);
      through_sum += diff[c] * q;
    }
    for (Index c = 0; c < channels; ++c) diff[c] = (diff[c] - through_sum) / sum;
    return value;
  }

  // Keras takes log clip(p) as logits here: -log(clip(p_t) / sum_c clip(p_c)).
  PETAL_BODY float sparse_from_probabilities(Index n, const float* p, float* diff) const {
    const Index label = labels[n];
    float sum = 0.0f;
    for (Index c = 0; c < channels; ++c) sum += clip(p[c]);
    for (Index c = 0; c < channels; ++c)
      diff[c] = (1.0f / sum - (c == label ? 1.0f / clip(p[c]) : 0.0f)) * inside(p[c]);
    return std::log(sum) - std::log(clip(p[label]));
  }

  // The mean over C of -(t log s + (1 - t) log(1 - s)), s = sigmoid(x): max(x, 0) - x t + log(1 + exp(-|x|)).
  PETAL_BODY float binary_from_logits(Index n, const float* x, float* diff) const {
    const auto count = static_cast<float>(channels);
    float value = 0.0f;
    for (Index c = 0; c < channels; ++c) {
      const float t = target(n, c);
      value += (x[c] > 0.0f ? x[c] : 0.0f) - x[c] * t + std::log1p(std::exp(-std::fabs(x[c])));
      diff[c] = (1.0f / (1.0f + std::exp(-x[c])) - t) / count;
    }
    return value / count;
  }

  PETAL_BODY float binary_from_probabilities(Index n, const float* p, float* diff) const {
    const auto count = static_cast<float>(channels);
    float value = 0.0f;
    for (Index c = 0; c < channels; ++c) {
      const float t = target(n, c), q = clip(p[c]);
      value -= t * std::log(q) + (1.0f - t) * std::log(1.0f - q);
      diff[c] = ((1.0f - t) / (1.0f - q) - t / q) * inside(p[c]) / count;
    }
    return value / count;
  }
};

class LossLaunch final : public LossKernel {
 public:
  LossLaunch(const Queue& queue, const Loss& loss, const Shape& predictions)
      : queue_(queue),
        loss_(loss),
        batch_(predictions[0]),
        channels_(predictions.elements() / predictions[0]) {}

  void run(const Arrays& a) override {
    for_each(
        queue_, batch_,
        SampleLoss{loss_, batch_, channels_, as<float>(a.predictions), as<std::int32_t>(a.targets),
                   as<float>(a.targets), a.sample_weights, a.scale, a.losses, as<float>(a.diff_predictions)});
  }

 private:
  Queue queue_;
  Loss loss_;
  Index batch_, channels_;
};

}  // namespace

std::unique_ptr<LossKernel> make_loss(const Device& device, const Loss& loss, const Shape& predictions) {
  return std::make_unique<LossLaunch>(device.queue, loss, predictions);
}

}  // namespace petal::cuda
