#include <algorithm>
#include <cmath>
#include <string>

#include "engine/error.h"
#include "engine/loss_scale.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

constexpr float epsilon = 1e-7f;  // Keras's: no logarithm sees less

float clip(float p) {
  return std::clamp(p, epsilon, 1.0f - epsilon);
}
bool is_clipped(float p) {
  return p < epsilon || p > 1.0f - epsilon;
}

// One sample's targets, smoothed, whichever way they are given.
struct Targets {
  std::int64_t label = -1;        // sparse
  const float* values = nullptr;  // else
  float keep = 1, add = 0;        // t * keep + add

  float operator[](std::int64_t c) const {
    return values ? values[c] * keep + add : (c == label ? 1.0f : 0.0f);
  }
};

// Each of these returns one sample's loss and assigns its derivative by each of C predictions.

// -sum_c t_c log softmax(x)_c; derivative softmax(x)_c sum(t) - t_c.
float categorical_from_logits(const float* x, const Targets& targets, std::int64_t channels, float* diff) {
  const float largest = *std::max_element(x, x + channels);
  float sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += diff[c] = std::exp(x[c] - largest);
  const float logarithm = largest + std::log(sum);
  float value = 0, total = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    value -= targets[c] * (x[c] - logarithm);
    total += targets[c];
  }
  for (std::int64_t c = 0; c < channels; ++c) diff[c] = diff[c] / sum * total - targets[c];
  return value;
}

// q = p / sum(p), then -sum_c t_c log clip(q_c). With g_c = -t_c / q_c where q_c is not clipped, else 0, the
// derivative is (g_c - sum_k g_k q_k) / sum(p).
float categorical_from_probabilities(const float* p, const Targets& targets, std::int64_t channels,
                                     float* diff) {
  float sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += p[c];
  float value = 0, through_sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const float q = p[c] / sum;
    value -= targets[c] * std::log(clip(q));
    diff[c] = is_clipped(q) ? 0.0f : -targets[c] / q;
    through_sum += diff[c] * q;
  }
  for (std::int64_t c = 0; c < channels; ++c) diff[c] = (diff[c] - through_sum) / sum;
  return value;
}

// With a label Keras clips first and divides by the sum then: -log(clip(p_t) / sum_c clip(p_c)).
float sparse_from_probabilities(const float* p, const Targets& targets, std::int64_t channels, float* diff) {
  float sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += clip(p[c]);
  for (std::int64_t c = 0; c < channels; ++c) {
    diff[c] = is_clipped(p[c]) ? 0.0f : 1.0f / sum - targets[c] / p[c];
  }
  return std::log(sum) - std::log(clip(p[targets.label]));
}

// The mean over C of max(x, 0) - x t + log(1 + exp(-|x|)), which is -(t log s + (1 - t) log(1 - s)), s =
// sigmoid(x).
float binary_from_logits(const float* x, const Targets& targets, std::int64_t channels, float* diff) {
  const float share = 1.0f / static_cast<float>(channels);
  float value = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const float t = targets[c];
    value += std::max(x[c], 0.0f) - x[c] * t + std::log1p(std::exp(-std::fabs(x[c])));
    diff[c] = (1.0f / (1.0f + std::exp(-x[c])) - t) * share;
  }
  return value * share;
}

float binary_from_probabilities(const float* p, const Targets& targets, std::int64_t channels, float* diff) {
  const float share = 1.0f / static_cast<float>(channels);
  float value = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const float t = targets[c], q = clip(p[c]);
    value -= t * std::log(q) + (1.0f - t) * std::log(1.0f - q);
    diff[c] = is_clipped(p[c]) ? 0.0f : ((1.0f - t) / (1.0f - q) - t / q) * share;
  }
  return value * share;
}

using SampleLoss = float (*)(const float*, const Targets&, std::int64_t, float*);

SampleLoss sample_loss(const Loss& loss) {
  switch (loss.kind) {
    case Loss::Kind::binary_crossentropy:
      return loss.from_logits ? binary_from_logits : binary_from_probabilities;
    case Loss::Kind::categorical_crossentropy:
      return loss.from_logits ? categorical_from_logits : categorical_from_probabilities;
    case Loss::Kind::sparse_categorical_crossentropy:
      break;
  }
  return loss.from_logits ? categorical_from_logits : sparse_from_probabilities;
}

class LossLoops final : public LossKernel {
 public:
  LossLoops(const Loss& loss, const Shape& predictions)
      : sample_loss_(sample_loss(loss)),
        sparse_(loss.kind == Loss::Kind::sparse_categorical_crossentropy),
        batch_(predictions[0]),
        channels_(predictions.elements() / predictions[0]) {
    const bool binary = loss.kind == Loss::Kind::binary_crossentropy;
    keep_ = 1.0f - loss.label_smoothing;
    add_ = loss.label_smoothing / (binary ? 2.0f : static_cast<float>(channels_));
  }

  void run(const Arrays& a) override {
    if (sparse_) require_labels(reinterpret_cast<const std::int32_t*>(a.targets));
    const float scale = a.scale ? a.scale->factor() : 1.0f;
#pragma omp parallel for schedule(static) if (batch_ * channels_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      float* diff = floats(a.diff_predictions) + n * channels_;
      const float weight = a.sample_weights ? a.sample_weights[n] : 1.0f;
      a.losses[n] = weight * sample_loss_(floats(a.predictions) + n * channels_, of_sample(a.targets, n),
                                          channels_, diff);
      const float share = scale * weight / static_cast<float>(batch_);
      for (std::int64_t c = 0; c < channels_; ++c) diff[c] *= share;
    }
  }

 private:
  Targets of_sample(const std::byte* targets, std::int64_t n) const {
    if (sparse_) return {.label = reinterpret_cast<const std::int32_t*>(targets)[n]};
    return {.values = floats(targets) + n * channels_, .keep = keep_, .add = add_};
  }

  // Before the threads start: an error cannot leave a parallel loop.
  void require_labels(const std::int32_t* labels) const {
    for (std::int64_t n = 0; n < batch_; ++n) {
      if (labels[n] >= 0 && labels[n] < channels_) continue;
      throw Error("loss", "sample " + std::to_string(n) + " has the class number " +
                              std::to_string(labels[n]) + "; the network tells " + std::to_string(channels_) +
                              " classes, 0 to " + std::to_string(channels_ - 1) + ", apart");
    }
  }

  SampleLoss sample_loss_;
  bool sparse_;
  std::int64_t batch_, channels_;
  float keep_, add_;
};

}  // namespace

std::unique_ptr<LossKernel> make_loss(const Loss& loss, const Shape& predictions) {
  return std::make_unique<LossLoops>(loss, predictions);
}

}  // namespace petal::cpu
