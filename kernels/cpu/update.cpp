#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/error.h"
#include "engine/step_state.h"
#include "kernels/cpu/bfloat16.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

using Parameter = UpdateKernel::Parameter;

// A gradient as an update sees it: cut to [-limit, limit], then scaled. NaN stays NaN.
struct Gradient {
  const float* values;
  float limit, scale;
  float operator[](std::int64_t i) const { return std::min(std::max(values[i], -limit), limit) * scale; }
};

// Each rule takes element i one step on.

struct Descent {
  float* weights;
  Gradient gradient;
  float rate;
  void operator()(std::int64_t i) const { weights[i] -= rate * gradient[i]; }
};

struct DescentWithMomentum {
  float *weights, *velocity;
  Gradient gradient;
  float rate, momentum;
  bool nesterov;
  void operator()(std::int64_t i) const {
    const float moved = rate * gradient[i];
    const float v = momentum * velocity[i] - moved;
    velocity[i] = v;
    weights[i] += nesterov ? momentum * v - moved : v;
  }
};

template <bool has_momentum, bool centered>
struct RootMeanSquare {
  float *weights, *velocity, *momentums, *average;
  Gradient gradient;
  float rate, keep, share, momentum, epsilon;
  void operator()(std::int64_t i) const {
    const float g = gradient[i];
    float square = keep * velocity[i] + share * (g * g);
    velocity[i] = square;
    if constexpr (centered) {
      const float a = keep * average[i] + share * g;
      average[i] = a;
      square -= a * a;
    }
    float increment = rate * g / std::sqrt(square + epsilon);
    if constexpr (has_momentum) {
      increment += momentum * momentums[i];
      momentums[i] = increment;
    }
    weights[i] -= increment;
  }
};

struct Accumulated {
  float *weights, *accumulator;
  Gradient gradient;
  float rate, epsilon;
  void operator()(std::int64_t i) const {
    const float g = gradient[i];
    const float sum = accumulator[i] + g * g;
    accumulator[i] = sum;
    weights[i] -= rate * g / std::sqrt(sum + epsilon);
  }
};

template <bool amsgrad>
struct Moments {
  float *weights, *mean, *square, *largest;
  Gradient gradient;
  float rate, decay, share_1, share_2, epsilon;
  void operator()(std::int64_t i) const {
    const float g = gradient[i];
    const float m = mean[i] + (g - mean[i]) * share_1;
    float v = square[i] + (g * g - square[i]) * share_2;
    mean[i] = m;
    square[i] = v;
    if constexpr (amsgrad) largest[i] = v = std::max(largest[i], v);
    const float w = weights[i];
    weights[i] = (w - w * decay) - rate * m / (std::sqrt(v) + epsilon);
  }
};

// The arrays of one parameter are apart from each other, which is what lets the loop run in vectors.
template <class Rule>
void for_each_element(std::int64_t elements, Rule rule) {
#pragma omp parallel for simd schedule(static) firstprivate(rule) if (elements >= worth_threads)
  for (std::int64_t i = 0; i < elements; ++i) rule(i);
}

void step(const SGD& sgd, const Parameter& parameter, Gradient gradient, float rate, std::int64_t) {
  if (sgd.momentum == 0.0f) {
    for_each_element(parameter.elements, Descent{parameter.weights, gradient, rate});
  } else {
    for_each_element(parameter.elements, DescentWithMomentum{parameter.weights, parameter.slots[0], gradient,
                                                             rate, sgd.momentum, sgd.nesterov});
  }
}

template <bool has_momentum, bool centered>
void root_mean_square(const RMSprop& rmsprop, const Parameter& parameter, Gradient gradient, float rate) {
  for_each_element(parameter.elements, RootMeanSquare<has_momentum, centered>{
                                           .weights = parameter.weights,
                                           .velocity = parameter.slots[0],
                                           .momentums = has_momentum ? parameter.slots[1] : nullptr,
                                           .average = centered ? parameter.slots.back() : nullptr,
                                           .gradient = gradient,
                                           .rate = rate,
                                           .keep = static_cast<float>(rmsprop.rho),
                                           .share = static_cast<float>(1 - rmsprop.rho),
                                           .momentum = rmsprop.momentum,
                                           .epsilon = rmsprop.epsilon});
}

void step(const RMSprop& rmsprop, const Parameter& parameter, Gradient gradient, float rate, std::int64_t) {
  const bool has_momentum = rmsprop.momentum != 0.0f;
  const auto loop = has_momentum
                        ? (rmsprop.centered ? root_mean_square<true, true> : root_mean_square<true, false>)
                        : (rmsprop.centered ? root_mean_square<false, true> : root_mean_square<false, false>);
  loop(rmsprop, parameter, gradient, rate);
}

void step(const Adagrad& adagrad, const Parameter& parameter, Gradient gradient, float rate, std::int64_t) {
  for_each_element(parameter.elements,
                   Accumulated{parameter.weights, parameter.slots[0], gradient, rate, adagrad.epsilon});
}

template <bool amsgrad>
void moments(const AdamW& adam, const Parameter& parameter, Gradient gradient, float rate,
             std::int64_t step) {
  for_each_element(parameter.elements,
                   Moments<amsgrad>{.weights = parameter.weights,
                                    .mean = parameter.slots[0],
                                    .square = parameter.slots[1],
                                    .largest = amsgrad ? parameter.slots[2] : nullptr,
                                    .gradient = gradient,
                                    .rate = bias_corrected_rate(rate, adam.beta_1, adam.beta_2, step),
                                    .decay = adam.weight_decay * rate,
                                    .share_1 = static_cast<float>(1 - adam.beta_1),
                                    .share_2 = static_cast<float>(1 - adam.beta_2),
                                    .epsilon = adam.epsilon});
}

void step(const AdamW& adam, const Parameter& parameter, Gradient gradient, float rate, std::int64_t number) {
  (adam.amsgrad ? moments<true> : moments<false>)(adam, parameter, gradient, rate, number);
}

void step(const Adam& adam, const Parameter& parameter, Gradient gradient, float rate, std::int64_t number) {
  step(AdamW{.weight_decay = 0.0f,
             .beta_1 = adam.beta_1,
             .beta_2 = adam.beta_2,
             .epsilon = adam.epsilon,
             .amsgrad = adam.amsgrad},
       parameter, gradient, rate, number);
}

// sum_of_part(begin, end) over all elements, in parts whose borders depend on the number of elements alone:
// the same sum, to the bit, for any number of threads.
template <class SumOfPart>
double sum_of_parts(std::int64_t elements, const SumOfPart& sum_of_part) {
  constexpr std::int64_t most_parts = 64;
  const std::int64_t size = std::max(worth_threads / 4, (elements + most_parts - 1) / most_parts);
  const std::int64_t parts = (elements + size - 1) / size;
  std::array<double, most_parts> sums{};
#pragma omp parallel for schedule(static) if (elements >= worth_threads)
  for (std::int64_t part = 0; part < parts; ++part) {
    sums[static_cast<std::size_t>(part)] = sum_of_part(part * size, std::min((part + 1) * size, elements));
  }
  double sum = 0;
  for (std::int64_t part = 0; part < parts; ++part) sum += sums[static_cast<std::size_t>(part)];
  return sum;
}

double square(float value) {
  return static_cast<double>(value) * static_cast<double>(value);
}

double sum_of_squares(const float* values, std::int64_t count) {
  // Many sums at once: one alone would wait for each addition.
  constexpr std::int64_t lanes = 16;
  std::array<double, lanes> sums{};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
#pragma omp simd
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      sums[static_cast<std::size_t>(lane)] += square(values[i + lane]);
    }
  }
  for (; i < count; ++i) sums[0] += square(values[i]);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

double regularize_part(const Parameter& parameter, std::int64_t begin, std::int64_t end) {
  const float* weights = parameter.weights;
  float* gradient = parameter.diff_weights;
  const float l1 = parameter.regularizer.l1, twice_l2 = 2.0f * parameter.regularizer.l2;
  double sizes = 0, squares = 0;
#pragma omp simd reduction(+ : sizes, squares)
  for (std::int64_t i = begin; i < end; ++i) {
    const float w = weights[i];
    const float pull = w > 0.0f ? l1 : w < 0.0f ? -l1 : 0.0f;
    gradient[i] += pull + twice_l2 * w;
    const auto exact = static_cast<double>(w);
    sizes += std::fabs(exact);
    squares += exact * exact;
  }
  return static_cast<double>(l1) * sizes + static_cast<double>(parameter.regularizer.l2) * squares;
}

class Update final : public UpdateKernel {
 public:
  explicit Update(const Optimizer& optimizer) : optimizer_(optimizer) {}

  void regularize(std::span<const Parameter> parameters, double* penalties) const override {
    for (const Parameter& parameter : parameters) {
      double& penalty = *penalties++;
      if (parameter.regularizer == Regularizer{}) continue;
      penalty = sum_of_parts(parameter.elements, [&](std::int64_t begin, std::int64_t end) {
        return regularize_part(parameter, begin, end);
      });
    }
  }

  void sum_squares(std::span<const Parameter> parameters, double* sums) const override {
    for (const Parameter& parameter : parameters) {
      const float* gradient = parameter.diff_weights;
      *sums++ = sum_of_parts(parameter.elements, [gradient](std::int64_t begin, std::int64_t end) {
        return sum_of_squares(gradient + begin, end - begin);
      });
    }
  }

  void run(std::span<const Parameter> parameters, const StepOptions& options) const override {
    const StepState& state = *options.state;
    if (!state.is_taken) return;
    const float limit =
        options.clip_value > 0.0f ? options.clip_value : std::numeric_limits<float>::infinity();
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const Gradient gradient{parameters[p].diff_weights, limit, options.scales ? options.scales[p] : 1.0f};
      std::visit(
          [&](const auto& optimizer) {
            step(optimizer, parameters[p], gradient, state.learning_rate, state.steps);
          },
          optimizer_);
      round(parameters.subspan(p, 1));
    }
  }

  void round(std::span<const Parameter> parameters) const override {
    for (const Parameter& parameter : parameters) {
      if (!parameter.rounded) continue;
      if (parameter.rounded_type != DataType::bf16) {
        throw Error("weights", fmt::format("the cpu backend rounds them to bfloat16, not to {}",
                                           to_string(parameter.rounded_type)));
      }
      narrow(parameter.weights, parameter.elements, parameter.rounded);
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
