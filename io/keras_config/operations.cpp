#include "io/keras_config/operations.h"

#include <algorithm>
#include <map>

#include "engine/error.h"
#include "engine/initializer.h"
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

bool is_slicing(const Entry& entry) {
  return entry.class_name == "GetItem" || entry.class_name == "SlicingOpLambda";
}

ChannelSlice read_slicing(const Entry& entry, std::int64_t channels, const std::string& where) {
  const std::optional<Constant> constant = entry.calls.empty() ? std::nullopt : entry.calls[0].constant;
  const Json spec = constant ? *constant->value : Json();
  const bool of_last = spec.is_array() && spec.size() == 2 && spec[0].is_object() &&
                       spec[0].value("class_name", Json()) == "__ellipsis__";
  if (of_last && spec[1].is_number_integer()) {
    const auto index = spec[1].get<std::int64_t>();
    const std::int64_t channel = index < 0 ? index + channels : index;
    if (channel >= 0 && channel < channels) return {{channel}, true};
  }
  // Keras 2 writes the slice as it is, Keras 3 as an object of its own.
  const Json slice = of_last && spec[1].is_object() ? spec[1].value("config", spec[1]) : Json();
  if (slice.is_object() && slice.value("step", Json()) == -1 && slice.value("start", Json()).is_null() &&
      slice.value("stop", Json()).is_null()) {
    ChannelSlice backwards;
    for (std::int64_t channel = channels; channel-- > 0;) backwards.channels.push_back(channel);
    return backwards;
  }
  throw Error(where,
              "it takes the part " + shown(spec) + "; Petal has x[..., k] and x[..., ::-1] of channels");
}

ChannelSlices::Stack ChannelSlices::stack(const Entry& entry, const std::string& where) const {
  Stack stack;
  for (const Reference& input : entry.calls[0].inputs) {
    const auto slice = slices_.find(input.layer);
    const bool first = stack.channels.empty();
    const bool same = slice != slices_.end() && (first || stack.source.node == slice->second.source.node);
    const bool along_last = entry.config->is_object() && entry.config->value("axis", Json()) == -1;
    if (!same || !along_last) {
      throw Error(where,
                  "it stacks what are not single channels x[..., k] of one value along the last axis; "
                  "Petal lacks that");
    }
    stack.source = slice->second.source;
    stack.channels.push_back(slice->second.channel);
  }
  return stack;
}

Layer select_channels(std::span<const std::int64_t> chosen, std::int64_t channels) {
  const std::size_t filters = chosen.size();
  Initializer kernel{.kind = Initializer::Kind::values};
  kernel.values.assign(static_cast<std::size_t>(channels) * filters, 0.0f);
  for (std::size_t filter = 0; filter < filters; ++filter) {
    kernel.values[static_cast<std::size_t>(chosen[filter]) * filters + filter] = 1.0f;
  }
  return Conv2D{
      .filters = static_cast<std::int64_t>(filters), .use_bias = false, .kernel_initializer = kernel};
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
