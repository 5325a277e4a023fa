#include "engine/layers/activation.h"

#include <array>

#include "engine/error.h"

namespace petal {
namespace {

constexpr std::array names = {"linear", "relu", "relu6", "sigmoid", "softmax"};

}  // namespace

std::string_view to_string(ActivationFunction function) {
  return names[static_cast<std::size_t>(function)];
}

ActivationFunction activation_function(std::string_view where, std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<ActivationFunction>(i);
    known += (i > 0 ? ", " : "") + std::string(names[i]);
  }
  throw Error(std::string(where),
              "the activation '" + std::string(name) + "' is not known; known are " + known);
}

Shape infer_shape(const Activation&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const Activation&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Activation& layer, std::span<const Shape> src) {
  // An exponential counts as one operation: softmax is exp, sum, divide and the maximum first.
  const std::int64_t each = layer.function == ActivationFunction::softmax   ? 4
                            : layer.function == ActivationFunction::sigmoid ? 3
                            : layer.function == ActivationFunction::linear  ? 0
                                                                            : 1;
  return src[0].elements() * each;
}

BackwardNeeds backward_needs(const Activation&) {
  return {.src = false, .dst = true};
}

}  // namespace petal
