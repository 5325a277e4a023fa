#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace petal {

// Each optimiser takes a weight w, its gradient g and a rate one step on, in float32 as Keras 3. Slots are
// arrays of the weight's size that it keeps for each weight, in the order named here. What Keras subtracts
// from 1 before it rounds to float32 (beta, rho) is a double.

// Stochastic gradient descent: without momentum w -= rate * g; with it v = momentum * v - rate * g, then
// w += v, or with nesterov w += momentum * v - rate * g. Slot v where momentum is not 0.
struct SGD {
  float learning_rate = 0.01f;
  float momentum = 0.0f;
  bool nesterov = false;
};

// Tieleman & Hinton 2012: v = rho * v + (1 - rho) * g^2; step = rate * g / sqrt(v + epsilon), or centered
// a = rho * a + (1 - rho) * g and v - a^2 + epsilon under the root; with momentum m = momentum * m + step and
// w -= m, else w -= step. Slots v, then m where momentum is not 0, then a where centered.
struct RMSprop {
  float learning_rate = 1e-3f;
  double rho = 0.9;
  float momentum = 0.0f;
  float epsilon = 1e-7f;
  bool centered = false;
};

// Duchi et al. 2011: a += g^2; w -= rate * g / sqrt(a + epsilon). Slot a, which starts at
// initial_accumulator_value.
struct Adagrad {
  float learning_rate = 1e-3f;
  float initial_accumulator_value = 0.1f;
  float epsilon = 1e-7f;
};

// Kingma & Ba 2014: m += (g - m) * (1 - beta_1); v += (g^2 - v) * (1 - beta_2);
// w -= rate * sqrt(1 - beta_2^step) / (1 - beta_1^step) * m / (sqrt(v) + epsilon). Slots m, v; with amsgrad
// (Reddi et al. 2018) also the largest v so far, which stands for v in the last line.
struct Adam {
  float learning_rate = 1e-3f;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  float epsilon = 1e-7f;
  bool amsgrad = false;
};

// Loshchilov & Hutter 2019: w -= w * weight_decay * rate for every trainable weight, then Adam's step.
struct AdamW {
  float learning_rate = 1e-3f;
  float weight_decay = 4e-3f;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  float epsilon = 1e-7f;
  bool amsgrad = false;
};

using Optimizer = std::variant<SGD, RMSprop, Adagrad, Adam, AdamW>;

std::string_view name(const Optimizer& optimizer);  // "sgd", "rmsprop", "adagrad", "adam", "adamw"
// An optimiser from its name and, where they are not Keras's defaults, its options by Keras's names:
// "sgd,momentum=0.9,nesterov". Throws Error(--optimizer) that lists what is known. The rate is not among the
// options: it has a flag of its own.
Optimizer optimizer_by_name(std::string_view text);
// The name with every option, which optimizer_by_name reads back; without the rate.
std::string describe(const Optimizer& optimizer);
float learning_rate(const Optimizer& optimizer);
Optimizer with_learning_rate(Optimizer optimizer, float learning_rate);
int slot_count(const Optimizer& optimizer);
// What every element of that slot is before the first step.
float slot_start(const Optimizer& optimizer, int slot);
// The factor of Adam's m / (sqrt(v) + epsilon) in step number `step`, counted from 1.
float bias_corrected_rate(float rate, double beta_1, double beta_2, std::int64_t step);

// Keras's clipvalue, clipnorm (each weight's gradient by its own norm) and global_clipnorm (all by the norm
// of all together): norms above the limit are scaled down to it. At most one of them is not 0.
struct GradientClipping {
  float value = 0.0f;
  float norm = 0.0f;
  float global_norm = 0.0f;
};

// Throws Error(--clip-value, --clip-norm or --clip-global-norm) where a limit is negative or no number, or
// more than one is set.
void require_valid(const GradientClipping& clipping);
// Whether clipping_scales looks at the norms at all.
bool needs_norms(const GradientClipping& clipping);
// From the sum of the squares of each weight's gradient, what that gradient is multiplied by: limit /
// max(norm, limit). A gradient that is not finite stays so: by its own norm where it was infinite or NaN, by
// the global one everywhere, as Keras has it.
void clipping_scales(const GradientClipping& clipping, std::span<const double> square_sums,
                     std::span<float> scales);

}  // namespace petal
