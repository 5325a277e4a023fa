#pragma once

#include <string_view>
#include <variant>

namespace petal {

// Stochastic gradient descent as Keras writes it: without momentum w -= rate * g; with it v = momentum * v -
// rate * g, then w += v, or with nesterov w += momentum * v - rate * g. One slot (v) where momentum is not 0.
struct SGD {
  float learning_rate = 0.01f;
  float momentum = 0.0f;
  bool nesterov = false;
};

// Kingma & Ba 2014 in Keras's form: m += (g - m) * (1 - beta_1); v += (g^2 - v) * (1 - beta_2);
// w -= rate * sqrt(1 - beta_2^step) / (1 - beta_1^step) * m / (sqrt(v) + epsilon). Slots m, v.
struct Adam {
  float learning_rate = 1e-3f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
};

// Keras's clipvalue, clipnorm (each weight's gradient by its own norm) and global_clipnorm (all by the norm
// of all together): norms above the limit are scaled down to it. At most one of them is not 0.
struct GradientClipping {
  float value = 0.0f;
  float norm = 0.0f;
  float global_norm = 0.0f;
};

using Optimizer = std::variant<SGD, Adam>;

std::string_view name(const Optimizer& optimizer);  // "sgd", "adam"
// An optimiser with Keras's defaults. Throws Error(--optimizer) that lists the known names.
Optimizer optimizer_by_name(std::string_view name);
float learning_rate(const Optimizer& optimizer);
Optimizer with_learning_rate(Optimizer optimizer, float learning_rate);
// Arrays of the weight's size that the optimiser keeps for each weight; they start at zero.
int slot_count(const Optimizer& optimizer);

}  // namespace petal
