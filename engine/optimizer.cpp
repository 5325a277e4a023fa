#include "engine/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/error.h"
#include "engine/option_text.h"

namespace petal {
namespace {

constexpr double below_one = 1.0 - 1e-7;  // 1 would divide by zero or forget nothing
constexpr double any_size = 1e30;

// Each optimiser's name and options, with the range of each number: the one list that reading and writing
// them follow. `visit` takes (key, value) or (key, value, low, high).
template <class Visit>
void visit_options(SGD& sgd, const Visit& visit) {
  visit("momentum", sgd.momentum, 0.0, 1.0);
  visit("nesterov", sgd.nesterov);
}
template <class Visit>
void visit_options(RMSprop& rmsprop, const Visit& visit) {
  visit("rho", rmsprop.rho, 0.0, 1.0);
  visit("momentum", rmsprop.momentum, 0.0, 1.0);
  visit("epsilon", rmsprop.epsilon, 0.0, any_size);
  visit("centered", rmsprop.centered);
}
template <class Visit>
void visit_options(Adagrad& adagrad, const Visit& visit) {
  visit("initial_accumulator_value", adagrad.initial_accumulator_value, 0.0, any_size);
  visit("epsilon", adagrad.epsilon, 0.0, any_size);
}
template <class Visit>
void visit_options(Adam& adam, const Visit& visit) {
  visit("beta_1", adam.beta_1, 0.0, below_one);
  visit("beta_2", adam.beta_2, 0.0, below_one);
  visit("epsilon", adam.epsilon, 0.0, any_size);
  visit("amsgrad", adam.amsgrad);
}
template <class Visit>
void visit_options(AdamW& adamw, const Visit& visit) {
  visit("weight_decay", adamw.weight_decay, 0.0, any_size);
  visit("beta_1", adamw.beta_1, 0.0, below_one);
  visit("beta_2", adamw.beta_2, 0.0, below_one);
  visit("epsilon", adamw.epsilon, 0.0, any_size);
  visit("amsgrad", adamw.amsgrad);
}

std::array<Optimizer, std::variant_size_v<Optimizer>> known_optimizers() {
  return {SGD{}, RMSprop{}, Adagrad{}, Adam{}, AdamW{}};
}

std::string known_names() {
  std::string names;
  for (const Optimizer& optimizer : known_optimizers()) {
    names += (names.empty() ? "" : ", ") + std::string(name(optimizer));
  }
  return names;
}

struct ReadOptions {
  OptionText& text;
  void operator()(const std::string& key, bool& value) const { value = text.flag(key, value); }
  template <class Number>
  void operator()(const std::string& key, Number& value, double low, double high) const {
    value = static_cast<Number>(text.number(key, static_cast<double>(value), low, high));
  }
};

struct WriteOptions {
  std::string& text;
  void operator()(const std::string& key, bool value) const { text += fmt::format(",{}={}", key, value); }
  template <class Number>
  void operator()(const std::string& key, Number value, double, double) const {
    text += fmt::format(",{}={}", key, value);  // the shortest digits that mean this number
  }
};

}  // namespace

std::string_view name(const Optimizer& optimizer) {
  constexpr std::array<std::string_view, std::variant_size_v<Optimizer>> names = {"sgd", "rmsprop", "adagrad",
                                                                                  "adam", "adamw"};
  return names[optimizer.index()];
}

Optimizer optimizer_by_name(std::string_view text) {
  OptionText options("--optimizer", text);
  for (Optimizer optimizer : known_optimizers()) {
    if (options.name() != name(optimizer)) continue;
    if (options.has("learning_rate")) {
      options.fail("learning_rate is no option of '" + options.name() + "'; state it as --learning-rate");
    }
    std::visit([&](auto& chosen) { visit_options(chosen, ReadOptions{options}); }, optimizer);
    options.finish();
    return optimizer;
  }
  options.fail("'" + options.name() + "' is not known; known are " + known_names());
}

std::string describe(const Optimizer& optimizer) {
  std::string text(name(optimizer));
  std::visit([&](auto chosen) { visit_options(chosen, WriteOptions{text}); }, optimizer);
  return text;
}

float learning_rate(const Optimizer& optimizer) {
  return std::visit([](const auto& o) { return o.learning_rate; }, optimizer);
}

Optimizer with_learning_rate(Optimizer optimizer, float learning_rate) {
  std::visit([&](auto& o) { o.learning_rate = learning_rate; }, optimizer);
  return optimizer;
}

namespace {

struct SlotCount {
  int operator()(const SGD& sgd) const { return sgd.momentum != 0.0f ? 1 : 0; }
  int operator()(const RMSprop& rmsprop) const {
    return 1 + (rmsprop.momentum != 0.0f ? 1 : 0) + (rmsprop.centered ? 1 : 0);
  }
  int operator()(const Adagrad&) const { return 1; }
  template <class AdamOrAdamW>
  int operator()(const AdamOrAdamW& adam) const {
    return adam.amsgrad ? 3 : 2;
  }
};

}  // namespace

int slot_count(const Optimizer& optimizer) {
  return std::visit(SlotCount{}, optimizer);
}

float slot_start(const Optimizer& optimizer, int slot) {
  if (slot < 0 || slot >= slot_count(optimizer)) {
    throw Error(std::string(name(optimizer)),
                fmt::format("was asked for slot {} of {}", slot, slot_count(optimizer)), ErrorKind::failure);
  }
  const auto* adagrad = std::get_if<Adagrad>(&optimizer);
  return adagrad ? adagrad->initial_accumulator_value : 0.0f;
}

float bias_corrected_rate(float rate, double beta_1, double beta_2, std::int64_t step) {
  // Powers rounded to float32, as Keras has them, although 1 - power loses digits by it.
  const auto power = [step](double beta) {
    return static_cast<float>(std::pow(static_cast<double>(static_cast<float>(beta)), step));
  };
  return rate * std::sqrt(1.0f - power(beta_2)) / (1.0f - power(beta_1));
}

void require_valid(const GradientClipping& clipping) {
  const std::array<std::pair<const char*, float>, 3> limits = {
      {{"--clip-value", clipping.value},
       {"--clip-norm", clipping.norm},
       {"--clip-global-norm", clipping.global_norm}}};
  const char* set = nullptr;
  for (const auto& [flag, limit] : limits) {
    if (!(limit >= 0.0f) || std::isinf(limit))
      throw Error(flag, fmt::format("found {}, expected a finite number above 0", limit));
    if (limit == 0.0f) continue;
    if (set != nullptr) throw Error(flag, fmt::format("cannot be combined with {}; give one of them", set));
    set = flag;
  }
}

bool needs_norms(const GradientClipping& clipping) {
  return clipping.norm > 0.0f || clipping.global_norm > 0.0f;
}

void clipping_scales(const GradientClipping& clipping, std::span<const double> square_sums,
                     std::span<float> scales) {
  std::ranges::fill(scales, 1.0f);
  // The norm comes first in max, so that NaN stays NaN.
  if (clipping.norm > 0.0f) {
    const auto limit = static_cast<double>(clipping.norm);
    std::ranges::transform(square_sums, scales.begin(), [&](double sum) {
      return static_cast<float>(limit / std::max(std::sqrt(sum), limit));
    });
  } else if (clipping.global_norm > 0.0f) {
    const auto limit = static_cast<double>(clipping.global_norm);
    const double norm = std::sqrt(std::accumulate(square_sums.begin(), square_sums.end(), 0.0));
    const double scale = limit / std::max(norm, limit) + (norm - norm);  // infinite becomes NaN, as in Keras
    std::ranges::fill(scales, static_cast<float>(scale));
  }
}

}  // namespace petal
