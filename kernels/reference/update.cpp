#include "kernels/reference/update.h"

#include <cmath>

namespace petal::reference {
namespace {

void step(const SGD& sgd, const UpdateKernel::Parameter& parameter, float rate, std::int64_t) {
  for (std::int64_t i = 0; i < parameter.elements; ++i) {
    float& w = parameter.weights[i];
    const float g = parameter.diff_weights[i];
    if (sgd.momentum == 0.0f) {
      w -= rate * g;
      continue;
    }
    float& v = parameter.slots[0][i];
    v = sgd.momentum * v - rate * g;
    w += sgd.nesterov ? sgd.momentum * v - rate * g : v;
  }
}

void step(const Adam& adam, const UpdateKernel::Parameter& parameter, float rate, std::int64_t step) {
  const double correction = std::sqrt(1 - std::pow(static_cast<double>(adam.beta_2), step)) /
                            (1 - std::pow(static_cast<double>(adam.beta_1), step));
  const auto corrected_rate = static_cast<float>(static_cast<double>(rate) * correction);
  for (std::int64_t i = 0; i < parameter.elements; ++i) {
    const float g = parameter.diff_weights[i];
    float& m = parameter.slots[0][i];
    float& v = parameter.slots[1][i];
    m += (g - m) * (1 - adam.beta_1);
    v += (g * g - v) * (1 - adam.beta_2);
    parameter.weights[i] -= corrected_rate * m / (std::sqrt(v) + adam.epsilon);
  }
}

class UpdateLoops final : public UpdateKernel {
 public:
  explicit UpdateLoops(const Optimizer& optimizer) : optimizer_(optimizer) {}
  double regularize(std::span<const Parameter> parameters) const override {
    double penalty = 0;
    for (const Parameter& parameter : parameters) {
      const auto [l1, l2] = parameter.regularizer;
      if (l1 == 0.0f && l2 == 0.0f) continue;
      for (std::int64_t i = 0; i < parameter.elements; ++i) {
        const float w = parameter.weights[i];
        const float sign = w > 0.0f ? 1.0f : w < 0.0f ? -1.0f : 0.0f;
        parameter.diff_weights[i] += l1 * sign + 2.0f * l2 * w;
        penalty += static_cast<double>(l1 * std::fabs(w) + l2 * w * w);
      }
    }
    return penalty;
  }

  void sum_squares(std::span<const Parameter> parameters, std::span<double> sums) const override {
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      sums[p] = 0;
      for (std::int64_t i = 0; i < parameters[p].elements; ++i) {
        const auto g = static_cast<double>(parameters[p].diff_weights[i]);
        sums[p] += g * g;
      }
    }
  }

  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      std::visit(
          [&](const auto& optimizer) { step(optimizer, parameters[p], options.learning_rate, options.step); },
          optimizer_);
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
