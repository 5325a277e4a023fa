#pragma once

#include <cmath>

#include "engine/optimizer.h"
#include "engine/step_state.h"
#include "kernels/cuda/update/parameter_arrays.h"

namespace petal::cuda {

// The optimiser's numbers, in float32 as its rule says.
struct Rule {
  enum class Kind { descent, root_mean_square, accumulated, moments } kind = Kind::descent;
  float rate = 0;
  float momentum = 0;              // descent, root_mean_square
  float keep = 0, share = 0;       // root_mean_square: rho and 1 - rho
  float share_1 = 0, share_2 = 0;  // moments: 1 - beta
  float epsilon = 0, decay = 0;    // decay: of the weights, times the rate once that is settled
  bool nesterov = false, centered = false, largest = false;
  float beta_1 = 0, beta_2 = 0;  // moments
};

// The rule as far as the host knows it.
inline Rule rule_of(const SGD& sgd) {
  return {.momentum = sgd.momentum, .nesterov = sgd.nesterov};
}
inline Rule rule_of(const RMSprop& rmsprop) {
  return {.kind = Rule::Kind::root_mean_square,
          .momentum = rmsprop.momentum,
          .keep = static_cast<float>(rmsprop.rho),
          .share = static_cast<float>(1 - rmsprop.rho),
          .epsilon = rmsprop.epsilon,
          .centered = rmsprop.centered};
}
inline Rule rule_of(const Adagrad& adagrad) {
  return {.kind = Rule::Kind::accumulated, .epsilon = adagrad.epsilon};
}
inline Rule rule_of(const AdamW& adamw) {
  return {.kind = Rule::Kind::moments,
          .share_1 = static_cast<float>(1 - adamw.beta_1),
          .share_2 = static_cast<float>(1 - adamw.beta_2),
          .epsilon = adamw.epsilon,
          .decay = adamw.weight_decay,
          .largest = adamw.amsgrad,
          .beta_1 = static_cast<float>(adamw.beta_1),
          .beta_2 = static_cast<float>(adamw.beta_2)};
}
inline Rule rule_of(const Adam& adam) {
  return rule_of(AdamW{.weight_decay = 0.0f,
                       .beta_1 = adam.beta_1,
                       .beta_2 = adam.beta_2,
                       .epsilon = adam.epsilon,
                       .amsgrad = adam.amsgrad});
}

// What the rule is in this step: as bias_corrected_rate, with the same rounding.
struct SettleRule {
  Rule rule;
  const StepState* state;
  Rule* settled;
  PETAL_BODY void operator()(Index) const {
    Rule found = rule;
    found.rate = state->learning_rate;
    found.decay = rule.decay * found.rate;
    if (rule.kind == Rule::Kind::moments)
      found.rate = found.rate * std::sqrt(1.0f - power(rule.beta_2)) / (1.0f - power(rule.beta_1));
    *settled = found;
  }

 private:
  PETAL_BODY float power(float beta) const {
    return static_cast<float>(std::pow(static_cast<double>(beta), static_cast<double>(state->steps)));
  }
};

// One element of one parameter, a step on.
struct Step {
  Arrays arrays;
  const Rule* settled;
  const StepState* state;
  const float* scales;  // one an array; null: ones
  float clip_value;

  // With it the copy that kernels read.
  PETAL_BODY void operator()(Index index) const {
    if (!state->is_taken) return;
    const auto [array, number, i] = arrays.element(index);
    float g = array.gradient[i];
    if (clip_value > 0.0f) g = g < -clip_value ? -clip_value : g > clip_value ? clip_value : g;
    if (scales) g *= scales[number];
    move(*settled, array, i, g, array.weights[i]);
    if (array.rounded) array.rounded[i] = array.weights[i];
  }

  PETAL_BODY static void move(const Rule& rule, const Arrays::Array& array, Index i, float g, float& w) {
    switch (rule.kind) {
      case Rule::Kind::descent:
        return descend(rule, array, i, g, w);
      case Rule::Kind::root_mean_square:
        return root_mean_square(rule, array, i, g, w);
      case Rule::Kind::accumulated:
        array.slots[0][i] += g * g;
        w -= rule.rate * g / std::sqrt(array.slots[0][i] + rule.epsilon);
        return;
      case Rule::Kind::moments:
        return moments(rule, array, i, g, w);
    }
  }

  PETAL_BODY static void descend(const Rule& rule, const Arrays::Array& array, Index i, float g, float& w) {
    if (rule.momentum == 0.0f) {
      w -= rule.rate * g;
      return;
    }
    float& v = array.slots[0][i];
    v = rule.momentum * v - rule.rate * g;
    w += rule.nesterov ? rule.momentum * v - rule.rate * g : v;
  }

  PETAL_BODY static void root_mean_square(const Rule& rule, const Arrays::Array& array, Index i, float g,
                                          float& w) {
    float& v = array.slots[0][i];
    v = rule.keep * v + rule.share * (g * g);
    float square = v;
    if (rule.centered) {
      float& average = array.slots[rule.momentum != 0.0f ? 2 : 1][i];
      average = rule.keep * average + rule.share * g;
      square -= average * average;
    }
    float increment = rule.rate * g / std::sqrt(square + rule.epsilon);
    if (rule.momentum != 0.0f) {
      float& m = array.slots[1][i];
      increment = m = rule.momentum * m + increment;
    }
    w -= increment;
  }

  PETAL_BODY static void moments(const Rule& rule, const Arrays::Array& array, Index i, float g, float& w) {
    w -= w * rule.decay;
    float &m = array.slots[0][i], &v = array.slots[1][i];
    m += (g - m) * rule.share_1;
    v += (g * g - v) * rule.share_2;
    float square = v;
    if (rule.largest) {
      float& most = array.slots[2][i];
      square = most = most < v ? v : most;
    }
    w -= m * rule.rate / (std::sqrt(square) + rule.epsilon);
  }
};

}  // namespace petal::cuda
