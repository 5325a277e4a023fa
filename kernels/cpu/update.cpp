#include <cmath>

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// The arrays of one parameter are apart from each other, which is what lets each loop run in vectors.
void step(const SGD& sgd, const UpdateKernel::Parameter& parameter, float rate, std::int64_t) {
  const float momentum = sgd.momentum;
  float* weights = parameter.weights;
  const float* gradient = parameter.diff_weights;
  const std::int64_t elements = parameter.elements;
  if (momentum == 0.0f) {
#pragma omp parallel for simd schedule(static) if (elements >= worth_threads)
    for (std::int64_t i = 0; i < elements; ++i) weights[i] -= rate * gradient[i];
    return;
  }
  float* velocity = parameter.slots[0];
  const bool nesterov = sgd.nesterov;
#pragma omp parallel for simd schedule(static) if (elements >= worth_threads)
  for (std::int64_t i = 0; i < elements; ++i) {
    const float moved = rate * gradient[i];
    const float v = momentum * velocity[i] - moved;
    velocity[i] = v;
    weights[i] += nesterov ? momentum * v - moved : v;
  }
}

void step(const Adam& adam, const UpdateKernel::Parameter& parameter, float rate, std::int64_t step) {
  // In double: 1 - beta^step loses its digits otherwise.
  const double correction = std::sqrt(1 - std::pow(static_cast<double>(adam.beta_2), step)) /
                            (1 - std::pow(static_cast<double>(adam.beta_1), step));
  const auto corrected_rate = static_cast<float>(static_cast<double>(rate) * correction);
  const float share_1 = 1 - adam.beta_1, share_2 = 1 - adam.beta_2, epsilon = adam.epsilon;
  float *weights = parameter.weights, *mean = parameter.slots[0], *square = parameter.slots[1];
  const float* gradient = parameter.diff_weights;
  const std::int64_t elements = parameter.elements;
#pragma omp parallel for simd schedule(static) if (elements >= worth_threads)
  for (std::int64_t i = 0; i < elements; ++i) {
    const float g = gradient[i];
    const float m = mean[i] + (g - mean[i]) * share_1;
    const float v = square[i] + (g * g - square[i]) * share_2;
    mean[i] = m;
    square[i] = v;
    weights[i] -= corrected_rate * m / (std::sqrt(v) + epsilon);
  }
}

class Update final : public UpdateKernel {
 public:
  explicit Update(const Optimizer& optimizer) : optimizer_(optimizer) {}
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

std::unique_ptr<UpdateKernel> make_update(const Optimizer& optimizer) {
  return std::make_unique<Update>(optimizer);
}

}  // namespace petal::cpu
