#include "engine/learning_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/option_text.h"

namespace petal {
namespace {

float decayed(float initial, const ConstantRate&, float) {
  return initial;
}

float decayed(float initial, const ExponentialDecay& decay, float step) {
  const float exponent = step / static_cast<float>(decay.decay_steps);
  return initial * std::pow(decay.decay_rate, decay.staircase ? std::floor(exponent) : exponent);
}

float decayed(float initial, const PolynomialDecay& decay, float step) {
  auto length = static_cast<float>(decay.decay_steps);
  if (decay.cycle) {
    length *= std::max(1.0f, std::ceil(step / length));
  } else {
    step = std::min(step, length);
  }
  return (initial - decay.end_learning_rate) * std::pow(1.0f - step / length, decay.power) +
         decay.end_learning_rate;
}

float decayed(float initial, const CosineDecay& decay, float step) {
  const auto length = static_cast<float>(decay.decay_steps);
  const float fraction = std::min(step, length) / length;
  const float cosine = 0.5f * (1.0f + std::cos(std::numbers::pi_v<float> * fraction));
  return initial * (static_cast<float>(1 - decay.alpha) * cosine + static_cast<float>(decay.alpha));
}

struct Describe {
  std::string operator()(const ConstantRate&) const { return "constant"; }
  std::string operator()(const ExponentialDecay& decay) const {
    return fmt::format("exponential,decay_steps={},decay_rate={},staircase={}", decay.decay_steps,
                       decay.decay_rate, decay.staircase);
  }
  std::string operator()(const PolynomialDecay& decay) const {
    return fmt::format("polynomial,decay_steps={},end_learning_rate={},power={},cycle={}", decay.decay_steps,
                       decay.end_learning_rate, decay.power, decay.cycle);
  }
  std::string operator()(const CosineDecay& decay) const {
    return fmt::format("cosine,decay_steps={},alpha={}", decay.decay_steps, decay.alpha);
  }
};

constexpr double any_size = 1e30;
constexpr double most_steps = 1e15;

class Parser {
 public:
  Parser(std::string_view text, const StatedRate& stated, std::int64_t training_steps)
      : text_("--schedule", text), training_steps_(training_steps) {
    rate_.initial = initial(stated);
  }

  LearningRate parse() {
    const std::string& name = text_.name();
    if (name == "constant") {
      read_warmup();
    } else if (name == "exponential") {
      read_warmup();
      read_exponential();
    } else if (name == "polynomial") {
      read_warmup();
      read_polynomial();
    } else if (name == "cosine") {
      read_warmup();
      read_warmup_target();
      rate_.decay = CosineDecay{.decay_steps = decay_steps(), .alpha = text_.number("alpha", 0.0, 0.0, 1.0)};
    } else {
      text_.fail("'" + name + "' is not known; known are constant, exponential, polynomial, cosine");
    }
    text_.finish();
    return rate_;
  }

 private:
  float initial(const StatedRate& stated) {
    const float otherwise = stated.flag.value_or(stated.otherwise);
    const bool given = text_.has("initial_learning_rate");
    const auto own = static_cast<float>(
        text_.number("initial_learning_rate", static_cast<double>(otherwise), 0.0, any_size));
    if (given && stated.flag && own != *stated.flag) {
      text_.fail(fmt::format("its initial_learning_rate is {}, but --learning-rate says {}; give one of them",
                             own, *stated.flag));
    }
    return own;
  }

  std::int64_t steps(const std::string& key, double otherwise, double low) {
    const double number = text_.number(key, otherwise, low, most_steps);
    if (number != std::floor(number)) {
      text_.fail(fmt::format("{} of '{}' is {}; expected a whole number", key, text_.name(), number));
    }
    return static_cast<std::int64_t>(number);
  }

  // Where it is not given, what the warm-up leaves of the training.
  std::int64_t decay_steps() {
    const std::int64_t left = training_steps_ - rate_.warmup_steps;
    if (!text_.has("decay_steps") && left < 1) {
      text_.fail(
          fmt::format("the training takes {} steps, of which a warm-up of {} leaves none; shorten it "
                      "or give decay_steps",
                      training_steps_, rate_.warmup_steps));
    }
    return steps("decay_steps", static_cast<double>(left), 1.0);
  }

  void read_warmup() { rate_.warmup_steps = steps("warmup", 0.0, 0.0); }

  void read_warmup_target() {
    const bool has_target = text_.has("warmup_target"), has_steps = text_.has("warmup_steps");
    if (has_target != has_steps || (has_target && text_.has("warmup"))) {
      text_.fail(
          "give warmup_steps together with warmup_target, or warmup alone, which rises from 0 to the "
          "learning rate");
    }
    if (!has_target) return;
    rate_.warmup_steps = steps("warmup_steps", 0.0, 1.0);
    rate_.warmup_start = rate_.initial;
    rate_.initial = static_cast<float>(text_.number("warmup_target", 0.0, 0.0, any_size));
  }

  void read_exponential() {
    if (!text_.has("decay_rate")) {
      text_.fail("'exponential' lacks decay_rate, what the rate is multiplied with in decay_steps steps");
    }
    rate_.decay =
        ExponentialDecay{.decay_steps = decay_steps(),
                         .decay_rate = static_cast<float>(text_.number("decay_rate", 1.0, 0.0, any_size)),
                         .staircase = text_.flag("staircase", false)};
  }

  void read_polynomial() {
    PolynomialDecay decay;
    decay.decay_steps = decay_steps();
    const auto end = static_cast<double>(decay.end_learning_rate);
    decay.end_learning_rate = static_cast<float>(text_.number("end_learning_rate", end, 0.0, any_size));
    decay.power = static_cast<float>(text_.number("power", 1.0, 0.0, any_size));
    decay.cycle = text_.flag("cycle", false);
    rate_.decay = decay;
  }

  OptionText text_;
  std::int64_t training_steps_;
  LearningRate rate_;
};

}  // namespace

float rate(const LearningRate& learning_rate, std::int64_t step) {
  if (step < learning_rate.warmup_steps) {
    const float fraction = static_cast<float>(step) / static_cast<float>(learning_rate.warmup_steps);
    return (learning_rate.initial - learning_rate.warmup_start) * fraction + learning_rate.warmup_start;
  }
  const auto since = static_cast<float>(step - learning_rate.warmup_steps);
  return std::visit([&](const auto& decay) { return decayed(learning_rate.initial, decay, since); },
                    learning_rate.decay);
}

std::string describe(const LearningRate& learning_rate) {
  std::string text = std::visit(Describe{}, learning_rate.decay);
  text += fmt::format(",initial={}", learning_rate.initial);
  if (learning_rate.warmup_steps > 0) {
    text += fmt::format(",warmup_steps={},warmup_start={}", learning_rate.warmup_steps,
                        learning_rate.warmup_start);
  }
  return text;
}

LearningRate learning_rate_by_name(std::string_view text, const StatedRate& stated,
                                   std::int64_t training_steps) {
  return Parser(text, stated, training_steps).parse();
}

}  // namespace petal
