#include "io/keras_config/options.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/error.h"
#include "io/keras_config/layers.h"

namespace petal::keras_config {
namespace {

const Json null_value;

// What says how a layer was made or trained, not what it computes.
bool is_harmless(std::string_view key) {
  return key == "name" || key == "trainable" || key == "dtype" || key == "seed" || key == "rng_type" ||
         key == "batch_input_shape" || key == "batch_shape" || key == "input_shape" ||
         key.ends_with("_initializer") || key.ends_with("_constraint");
}

bool is_unset(const Json& value) {
  return value.is_null() || value == false || (value.is_number() && value.get<double>() == 0.0) ||
         (value.is_structured() && value.empty());
}

}  // namespace

std::string shown(const Json& value) {
  if (value.is_structured() && value.size() > 8) return value.is_array() ? "a list" : "an object";
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

std::vector<float> read_numbers(const Json& value) {
  const Json* found = &value;
  if (found->is_object() && found->contains("config")) found = &(*found)["config"];
  if (found->is_object() && found->contains("value")) found = &(*found)["value"];
  while (found->is_array() && found->size() == 1) found = &found->front();
  std::vector<float> numbers;
  const std::size_t count = found->is_array() ? found->size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    const Json& part = found->is_array() ? (*found)[i] : *found;
    const double number = part.is_number() ? part.get<double>() : NAN;
    if (!std::isfinite(static_cast<float>(number))) return {};
    numbers.push_back(static_cast<float>(number));
  }
  return numbers;
}

Options::Options(const Json& config, std::string where, std::string class_name, int keras)
    : config_(config), where_(std::move(where)), class_name_(std::move(class_name)), keras_(keras) {}

void Options::fail(const std::string& what) const {
  throw Error(where_, class_name_ + " " + what);
}

const Json& Options::value(const std::string& key) {
  known_.insert(key);
  const auto found = config_.find(key);
  return found == config_.end() ? null_value : *found;
}

bool Options::boolean(const std::string& key, bool otherwise) {
  const Json& found = value(key);
  if (found.is_null()) return otherwise;
  if (!found.is_boolean()) fail("has " + key + " " + shown(found) + "; expected true or false");
  return found.get<bool>();
}

std::int64_t Options::integer(const std::string& key, const Json& found, std::int64_t low) const {
  const bool fits = found.is_number() && found.get<double>() == std::floor(found.get<double>()) &&
                    found.get<double>() >= static_cast<double>(low) && found.get<double>() <= largest;
  if (!fits) {
    fail("has " + key + " " + shown(found) + "; expected whole numbers from " + std::to_string(low) + " to " +
         std::to_string(largest));
  }
  return found.get<std::int64_t>();
}

std::int64_t Options::size(const std::string& key) {
  const Json& found = value(key);
  if (found.is_null()) fail("lacks the option " + key);
  return integer(key, found, 1);
}

std::int64_t Options::size(const std::string& key, std::int64_t otherwise) {
  const Json& found = value(key);
  return found.is_null() ? otherwise : integer(key, found, 1);
}

float Options::number(const std::string& key, float otherwise) {
  const Json* found = &value(key);
  if (found->is_object() && found->contains("value")) found = &(*found)["value"];
  if (found->is_null()) return otherwise;
  if (!found->is_number()) fail("has " + key + " " + shown(*found) + "; Petal takes one number there");
  const auto number = static_cast<float>(found->get<double>());
  if (!std::isfinite(number)) fail("has " + key + " " + shown(*found) + ", beyond float32");
  return number;
}

Size2D Options::size2d(const std::string& key, Size2D otherwise) {
  const Json& found = value(key);
  if (found.is_null()) return otherwise;
  if (found.is_number()) return {integer(key, found, 1), integer(key, found, 1)};
  if (!found.is_array() || found.size() != 2) {
    fail("has " + key + " " + shown(found) + "; expected one number or [height, width]");
  }
  return {integer(key, found[0], 1), integer(key, found[1], 1)};
}

Padding Options::padding() {
  const Json& found = value("padding");
  if (found.is_null() || found == "valid") return Padding::valid;
  if (found == "same") return Padding::same;
  fail("has padding " + shown(found) + "; Petal has valid and same");
}

Padding2D Options::padding2d(const std::string& key, Padding2D otherwise) {
  const Json& found = value(key);
  if (found.is_null()) return otherwise;
  const auto side = [&](const Json& pair) -> std::array<std::int64_t, 2> {
    if (pair.is_number()) return {integer(key, pair, 0), integer(key, pair, 0)};
    if (!pair.is_array() || pair.size() != 2) {
      fail("has " + key + " " + shown(found) +
           "; expected a number, [rows, columns] or [[top, bottom], [left, right]]");
    }
    return {integer(key, pair[0], 0), integer(key, pair[1], 0)};
  };
  if (found.is_array() && found.size() != 2) side(found);  // which says what was expected
  const auto rows = side(found.is_array() ? found[0] : found);
  const auto columns = side(found.is_array() ? found[1] : found);
  return {.top = rows[0], .bottom = rows[1], .left = columns[0], .right = columns[1]};
}

ActivationFunction Options::activation() {
  const Json* found = &value("activation");
  // Keras 3 may write {"module": "builtins", "class_name": "function", "config": "relu"}.
  if (found->is_object() && found->value("class_name", Json()) == "function" && found->contains("config")) {
    found = &(*found)["config"];
  }
  if (found->is_null()) return ActivationFunction::linear;
  if (found->is_object() && found->contains("class_name")) return activation_layer(*found);
  if (!found->is_string()) {
    fail("has activation " + shown(*found) + "; Petal takes the name of a function or a layer there");
  }
  if (*found == "hard_sigmoid" && keras_ < 3) {
    // Before Keras 3 it was another function: 0.2 * x + 0.5, cut to 0..1.
    behind_ = {Rescaling{.scale = 0.2f, .offset = 0.5f}, ReLU{.max_value = 1.0f}};
    return ActivationFunction::linear;
  }
  return activation_function(where_ + ": " + class_name_, found->get_ref<const std::string&>());
}

ActivationFunction Options::activation_layer(const Json& found) {
  const Json class_name = found["class_name"], config = found.value("config", Json());
  if (!class_name.is_string() || !config.is_object())
    fail("has activation " + shown(found) + ", which is damaged");
  Layer layer =
      read_activation_layer(class_name.get<std::string>(), config, where_ + ": " + class_name_, keras_);
  if (const auto* activation = std::get_if<Activation>(&layer)) return activation->function;
  behind_ = {std::move(layer)};
  return ActivationFunction::linear;
}

std::vector<std::int64_t> Options::target_shape() {
  const Json& found = value("target_shape");
  if (!found.is_array() || found.size() >= Shape::max_rank) {
    fail("has target_shape " + shown(found) + "; expected a list of at most " +
         std::to_string(Shape::max_rank - 1) + " sizes");
  }
  std::vector<std::int64_t> target;
  double elements = 1;
  for (const Json& dim : found) {
    target.push_back(dim == -1 || dim.is_null() ? -1 : integer("target_shape", dim, 1));
    elements *= std::abs(static_cast<double>(target.back()));
  }
  if (elements > 0x1p40) fail("has target_shape " + shown(found) + ", which no input can fill");
  return target;
}

Range Options::range(const std::string& key, Range (*single)(float)) {
  const Json& found = value(key);
  const auto number_of = [&](const Json& part) {
    const double number = part.is_number() ? part.get<double>() : NAN;
    if (!(std::abs(number) < 1e9)) {
      fail("has " + key + " " + shown(found) + "; expected a number or [lower, upper]");
    }
    return static_cast<float>(number);
  };
  if (found.is_array() && found.size() == 2) return {number_of(found[0]), number_of(found[1])};
  return single(number_of(found));
}

Range Options::range(const std::string& key, Range (*single)(float), Range otherwise) {
  return value(key).is_null() ? otherwise : range(key, single);
}

Sampling Options::sampling() {
  Sampling sampling{.fill_value = number("fill_value", 0.0f)};
  const Json& mode = value("fill_mode");
  if (!mode.is_null()) {
    const std::array modes = {FillMode::reflect, FillMode::wrap, FillMode::constant, FillMode::nearest};
    const auto known = std::ranges::find_if(modes, [&](FillMode m) { return mode == to_string(m); });
    if (known == modes.end()) {
      fail("has fill_mode " + shown(mode) + "; Petal has reflect, wrap, constant and nearest");
    }
    sampling.fill_mode = *known;
  }
  sampling.interpolation = interpolation(Interpolation::bilinear);
  return sampling;
}

Interpolation Options::interpolation(Interpolation otherwise) {
  const Json& found = value("interpolation");
  if (found.is_null()) return otherwise;
  if (found == "nearest") return Interpolation::nearest;
  if (found == "bilinear") return Interpolation::bilinear;
  fail("has interpolation " + shown(found) + "; Petal has bilinear and nearest");
}

std::vector<float> Options::numbers(const std::string& key) {
  const Json& found = value(key);
  std::vector<float> numbers = read_numbers(found);
  if (numbers.empty() && !found.is_null()) {
    fail("has " + key + " " + shown(found) + "; expected a number or a list of them");
  }
  return numbers;
}

std::vector<std::int64_t> Options::sizes(const std::string& key) {
  const Json& found = value(key);
  if (!found.is_array() || found.size() >= Shape::max_rank) {
    fail("has " + key + " " + shown(found) + "; expected a list of at most " +
         std::to_string(Shape::max_rank - 1) + " sizes");
  }
  std::vector<std::int64_t> sizes;
  for (const Json& size : found) sizes.push_back(integer(key, size, 1));
  return sizes;
}

Regularizer Options::regularizer(const std::string& key) {
  const Json& found = value(key);
  if (found.is_null()) return {};
  const Json class_name = found.is_object() ? found.value("class_name", Json()) : Json();
  const bool has_l1 = class_name == "L1" || class_name == "L1L2";
  const bool has_l2 = class_name == "L2" || class_name == "L1L2";
  if (!has_l1 && !has_l2) fail("has " + key + " " + shown(found) + "; Petal has L1, L2 and L1L2");
  const Json config = found.value("config", Json::object());
  if (!config.is_object()) fail("has " + key + " " + shown(found) + "; expected its config to be an object");
  Options factors(config, where_ + ": " + class_name_, key);
  const auto factor = [&](const char* name, bool has, float otherwise) {
    const float number = has ? factors.number(name, otherwise) : 0.0f;
    if (number < 0.0f) fail("has " + key + " " + shown(found) + "; expected factors of 0 or more");
    return number;
  };
  const float otherwise = has_l1 && has_l2 ? 0.0f : 0.01f;  // Keras's
  const Regularizer regularizer{.l1 = factor("l1", has_l1, otherwise), .l2 = factor("l2", has_l2, otherwise)};
  factors.finish();
  return regularizer;
}

void Options::require_channels_last() {
  const Json& found = value("data_format");
  if (found.is_null() || found == "channels_last") return;
  fail("has data_format " + shown(found) +
       "; Petal computes channels_last alone: save the model in that format");
}

void Options::require_last_axis(std::size_t rank, std::int64_t otherwise) {
  const Json* found = &value("axis");
  if (found->is_array() && found->size() == 1) found = &(*found)[0];  // Keras 2 writes [3]
  const Json axis = found->is_null() ? Json(otherwise) : *found;
  if (axis == -1 || axis == static_cast<std::int64_t>(rank) - 1) return;
  fail("has axis " + shown(axis) + "; Petal computes along the last one alone, here " +
       std::to_string(rank - 1));
}

std::int64_t Options::innermost_axes(std::size_t rank, std::int64_t otherwise) {
  const Json& found = value("axis");
  const Json axes = found.is_null()    ? Json::array({otherwise})
                    : found.is_array() ? found
                                       : Json::array({found});
  const auto dimensions = static_cast<std::int64_t>(rank), count = static_cast<std::int64_t>(axes.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const Json& axis = axes[static_cast<std::size_t>(i)];
    if (count >= dimensions || (axis != i - count && axis != dimensions + i - count)) {
      fail("has axis " + shown(found) + "; Petal computes along the innermost ones alone, in order, of " +
           std::to_string(rank));
    }
  }
  return count;
}

void Options::require_unset(const std::string& key) {
  const Json& found = value(key);
  if (found.is_object() && found.contains("value") && is_unset(found["value"])) return;
  if (!is_unset(found)) fail("has " + key + " " + shown(found) + ", which Petal lacks");
}

void Options::finish() const {
  for (const auto& [key, found] : config_.items()) {
    if (known_.contains(key) || is_harmless(key) || is_unset(found)) continue;
    fail("has " + key + " " + shown(found) + ", an option that Petal does not know");
  }
}

}  // namespace petal::keras_config
