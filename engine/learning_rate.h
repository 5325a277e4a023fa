#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace petal {

// How a learning rate goes down over `decay_steps` steps from its initial value r, by Keras's formulas and in
// float32 as there; `step` counts from 0.
struct ConstantRate {};
// r * decay_rate^(step / decay_steps), without end; staircase: the exponent is rounded down.
struct ExponentialDecay {
  std::int64_t decay_steps = 1;
  float decay_rate = 1.0f;
  bool staircase = false;
};
// (r - end) * (1 - step / decay_steps)^power + end, which is `end` afterwards; cycle: decay_steps grows to
// its next multiple instead.
struct PolynomialDecay {
  std::int64_t decay_steps = 1;
  float end_learning_rate = 1e-4f;
  float power = 1.0f;
  bool cycle = false;
};
// r * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha), which is r * alpha afterwards.
struct CosineDecay {
  std::int64_t decay_steps = 1;
  double alpha = 0.0;
};

// Before the schedule starts, warmup_steps steps in which the rate rises linearly from warmup_start to
// initial.
struct LearningRate {
  float initial = 1e-3f;
  std::variant<ConstantRate, ExponentialDecay, PolynomialDecay, CosineDecay> decay{};
  std::int64_t warmup_steps = 0;
  float warmup_start = 0.0f;
};

// The rate of a step, counted from 0.
float rate(const LearningRate& learning_rate, std::int64_t step);

// The same as text, with every number: for logs, and to tell whether two are the same.
std::string describe(const LearningRate& learning_rate);

// What the command line says of the rate: --learning-rate, and the optimiser's own where that is not given.
struct StatedRate {
  std::optional<float> flag{};
  float otherwise = 1e-3f;
};

// A schedule from its name and options, which are Keras's:
//   constant
//   exponential,decay_rate=R[,decay_steps=N][,staircase]
//   polynomial[,decay_steps=N][,end_learning_rate=R][,power=P][,cycle]
//   cosine[,decay_steps=N][,alpha=A][,warmup_steps=N,warmup_target=R]
// Each starts at the stated rate; initial_learning_rate=R says it too, and must not contradict the flag. Each
// takes warmup=N, N steps from 0 to that rate; Keras's warmup_target, of cosine alone, is where N steps lead
// from it. Without decay_steps the schedule ends with the training, which takes `training_steps` steps.
// Throws Error(--schedule) that lists what is known.
LearningRate learning_rate_by_name(std::string_view text, const StatedRate& stated,
                                   std::int64_t training_steps);

}  // namespace petal
