#include "io/keras_config/operations.h"

#include <algorithm>
#include <map>

#include "engine/error.h"
#include "io/keras_config/options.h"

namespace petal::keras_config {
namespace {

PerChannel each(const std::vector<float>& numbers, double (*f)(double)) {
  std::vector<float> results;
  for (const float number : numbers) results.push_back(static_cast<float>(f(static_cast<double>(number))));
  return PerChannel(results);
}

}  // namespace

Layer read_operation(const std::string& class_name, const Constant& constant, const std::string& where) {
  const bool divides = class_name == "TrueDivide" || class_name == "Divide";
  if (class_name != "Add" && class_name != "Subtract" && class_name != "Multiply" && !divides) {
    throw Error(where,
                class_name + " is called with " + shown(*constant.value) +
                    ", which is no layer's output; Petal has Add, Subtract, Multiply and TrueDivide of "
                    "a value and a constant");
  }
  const std::vector<float> numbers = read_numbers(*constant.value);
  if (numbers.empty()) {
    throw Error(where, class_name + " is called with " + shown(*constant.value) +
                           ", which is neither a layer's output nor a number");
  }
  const PerChannel as_given(numbers);
  const PerChannel negated = each(numbers, [](double number) { return -number; });
  if (class_name == "Add") return Rescaling{.offset = as_given};
  if (class_name == "Multiply") return Rescaling{.scale = as_given};
  if (class_name == "Subtract" && constant.first) return Rescaling{.scale = -1.0f, .offset = as_given};
  if (class_name == "Subtract") return Rescaling{.offset = negated};
  if (constant.first || std::ranges::count(numbers, 0.0f) > 0) {
    throw Error(where,
                "it divides " + std::string(constant.first ? "a constant" : "by 0") + ", which Petal lacks");
  }
  return Rescaling{.scale = each(numbers, [](double number) { return 1 / number; })};
}

std::string operation_of(const std::string& function, const std::string& where) {
  static const std::map<std::string, std::string, std::less<>> operations = {
      {"math.truediv", "TrueDivide"}, {"math.divide", "TrueDivide"}, {"math.subtract", "Subtract"},
      {"math.multiply", "Multiply"},  {"math.add", "Add"},           {"__operators__.add", "Add"},
      {"nn.bias_add", "Add"},         {"math.maximum", "Maximum"},   {"math.minimum", "Minimum"},
      {"math.negative", "Negative"},  {"nn.relu", "Relu"},           {"nn.relu6", "Relu6"},
      {"math.sigmoid", "Sigmoid"},
  };
  const auto found = operations.find(function);
  if (found != operations.end()) return found->second;
  std::string known;
  for (const auto& [name, operation] : operations) known += (known.empty() ? "tf." : ", tf.") + name;
  throw Error(where, "it is the operation tf." + function + ", which Petal lacks; it has " + known);
}

}  // namespace petal::keras_config
