#include "kernels/reference/update.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/step_state.h"

namespace petal::reference {
namespace {

// One element of a parameter: its weight, its slots and its gradient, cut and scaled.
struct Element {
  const UpdateKernel::Parameter& parameter;
  std::int64_t i;
  float gradient;

  float& weight() const { return parameter.weights[i]; }
  float& slot(std::size_t s) const { return parameter.slots[s][i]; }
};

void step(const SGD& sgd, const Element& element, float rate, std::int64_t) {
  const float g = element.gradient;
  if (sgd.momentum == 0.0f) {
    element.weight() -= rate * g;
    return;
  }
  float& v = element.slot(0);
  v = sgd.momentum * v - rate * g;
  element.weight() += sgd.nesterov ? sgd.momentum * v - rate * g : v;
}

void step(const RMSprop& rmsprop, const Element& element, float rate, std::int64_t) {
  const auto keep = static_cast<float>(rmsprop.rho), share = static_cast<float>(1 - rmsprop.rho);
  const float g = element.gradient;
  float& v = element.slot(0);
  v = keep * v + share * (g * g);
  float square = v;
  if (rmsprop.centered) {
    float& average = element.slot(rmsprop.momentum != 0.0f ? 2 : 1);
    average = keep * average + share * g;
    square -= average * average;
  }
  float increment = rate * g / std::sqrt(square + rmsprop.epsilon);
  if (rmsprop.momentum != 0.0f) {
    float& m = element.slot(1);
    increment = m = rmsprop.momentum * m + increment;
  }
  element.weight() -= increment;
}

void step(const Adagrad& adagrad, const Element& element, float rate, std::int64_t) {
  const float g = element.gradient;
  float& sum = element.slot(0);
  sum += g * g;
  element.weight() -= rate * g / std::sqrt(sum + adagrad.epsilon);
}

void step(const Adam& adam, const Element& element, float rate, std::int64_t step) {
  const float g = element.gradient;
  float& m = element.slot(0);
  float& v = element.slot(1);
  m += (g - m) * static_cast<float>(1 - adam.beta_1);
  v += (g * g - v) * static_cast<float>(1 - adam.beta_2);
  float square = v;
  if (adam.amsgrad) {
    float& largest = element.slot(2);
    square = largest = std::max(largest, v);
  }
  element.weight() -=
      m * bias_corrected_rate(rate, adam.beta_1, adam.beta_2, step) / (std::sqrt(square) + adam.epsilon);
}

void step(const AdamW& adamw, const Element& element, float rate, std::int64_t number) {
  element.weight() -= element.weight() * adamw.weight_decay * rate;
  step(Adam{adamw.learning_rate, adamw.beta_1, adamw.beta_2, adamw.epsilon, adamw.amsgrad}, element, rate,
       number);
}

class UpdateLoops final : public UpdateKernel {
 public:
  explicit UpdateLoops(const Optimizer& optimizer) : optimizer_(optimizer) {}
  void regularize(std::span<const Parameter> parameters, double* penalties) const override {
    for (const Parameter& parameter : parameters) {
      double& penalty = *penalties++;
      const auto [l1, l2] = parameter.regularizer;
      if (l1 == 0.0f && l2 == 0.0f) continue;
      penalty = 0;
      for (std::int64_t i = 0; i < parameter.elements; ++i) {
        const float w = parameter.weights[i];
        const float sign = w > 0.0f ? 1.0f : w < 0.0f ? -1.0f : 0.0f;
        parameter.diff_weights[i] += l1 * sign + 2.0f * l2 * w;
        const auto exact = static_cast<double>(w);
        penalty += static_cast<double>(l1) * std::fabs(exact) + static_cast<double>(l2) * exact * exact;
      }
    }
  }

  void sum_squares(std::span<const Parameter> parameters, double* sums) const override {
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      sums[p] = 0;
      for (std::int64_t i = 0; i < parameters[p].elements; ++i) {
        const auto g = static_cast<double>(parameters[p].diff_weights[i]);
        sums[p] += g * g;
      }
    }
  }

  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    const StepState& state = *options.state;
    if (!state.is_taken) return;
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      for (std::int64_t i = 0; i < parameters[p].elements; ++i) {
        float g = parameters[p].diff_weights[i];
        if (options.clip_value > 0.0f) g = std::clamp(g, -options.clip_value, options.clip_value);
        if (options.scales) g *= options.scales[p];
        std::visit(
            [&](const auto& optimizer) {
              step(optimizer, Element{parameters[p], i, g}, state.learning_rate, state.steps);
            },
            optimizer_);
      }
    }
    round(parameters);
  }

  void round(std::span<const Parameter> parameters) const override {
    for (const Parameter& parameter : parameters) {
      if (parameter.rounded) throw Error("weights", "the reference computes in f32 and f64 and rounds none");
    }
  }

 private:
  Optimizer optimizer_;
};

}  // namespace

std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) {
  return std::make_unique<UpdateLoops>(optimizer);
}

}  // namespace petal::reference
