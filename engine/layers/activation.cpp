#include "engine/layers/activation.h"

#include <array>

#include "engine/error.h"

namespace petal {
namespace {

struct Function {
  std::string_view name;
  std::int64_t operations;  // an element; an exponential, a tanh or an erf counts as one
};

// In the enumeration's order. softmax is the maximum, exp, sum and divide.
constexpr std::array functions = {
    Function{"linear", 0},      Function{"relu", 1},     Function{"relu6", 1},
    Function{"leaky_relu", 2},  Function{"elu", 3},      Function{"selu", 4},
    Function{"sigmoid", 3},     Function{"silu", 4},     Function{"tanh", 1},
    Function{"exponential", 1}, Function{"softplus", 3}, Function{"softsign", 3},
    Function{"gelu", 5},        Function{"mish", 5},     Function{"hard_sigmoid", 3},
    Function{"hard_silu", 4},   Function{"softmax", 4},  Function{"log_softmax", 4},
};

constexpr std::array<std::pair<std::string_view, ActivationFunction>, 2> other_names = {{
    {"swish", ActivationFunction::silu},
    {"hard_swish", ActivationFunction::hard_silu},
}};

}  // namespace

std::string_view to_string(ActivationFunction function) {
  return functions[static_cast<std::size_t>(function)].name;
}

ActivationFunction activation_function(std::string_view where, std::string_view name) {
  for (const auto& [other, function] : other_names) {
    if (name == other) return function;
  }
  std::string known;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    if (name == functions[i].name) return static_cast<ActivationFunction>(i);
    known += (i > 0 ? ", " : "") + std::string(functions[i].name);
  }
  throw Error(std::string(where),
              "the activation '" + std::string(name) + "' is not known; known are " + known);
}

bool is_elementwise(ActivationFunction function) {
  return function != ActivationFunction::softmax && function != ActivationFunction::log_softmax;
}

bool is_epilogue(ActivationFunction function) {
  return is_elementwise(function) && function != ActivationFunction::softsign;
}

bool is_training_epilogue(ActivationFunction function) {
  return function == ActivationFunction::linear || function == ActivationFunction::relu ||
         function == ActivationFunction::relu6 || function == ActivationFunction::sigmoid;
}

Shape infer_shape(const Activation&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const Activation&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Activation& layer, std::span<const Shape> src) {
  return src[0].elements() * functions[static_cast<std::size_t>(layer.function)].operations;
}

BackwardNeeds backward_needs(const Activation& layer) {
  switch (layer.function) {
    case ActivationFunction::silu:
    case ActivationFunction::softplus:
    case ActivationFunction::gelu:
    case ActivationFunction::mish:
    case ActivationFunction::hard_silu:
      return {.src = true, .dst = false};
    default:
      return {.src = false, .dst = true};
  }
}

}  // namespace petal
