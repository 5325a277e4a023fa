#include "engine/learning_rate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace petal {
namespace {

// A training of 60 steps whose optimiser's own rate is 0.001.
LearningRate schedule(const std::string& text, std::optional<float> flag = {}) {
  return learning_rate_by_name(text, {.flag = flag, .otherwise = 0.001f}, 60);
}

std::string error_of(const std::string& text, std::optional<float> flag = {}) {
  try {
    schedule(text, flag);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("schedules give Keras's rates") {
  const auto golden = nlohmann::json::parse(std::ifstream(PETAL_SOURCE "/tests/golden/training.json"));
  REQUIRE(golden.at("schedules").size() == 12);
  for (const auto& item : golden["schedules"]) {
    const auto text = item.at("text").get<std::string>();
    const StatedRate stated{.flag = item.at("learning_rate").get<float>()};
    const LearningRate learning_rate =
        learning_rate_by_name(text, stated, item.at("training_steps").get<std::int64_t>());
    for (std::size_t i = 0; i < item.at("steps").size(); ++i) {
      const auto step = item["steps"][i].get<std::int64_t>();
      const auto expected = item.at("rates")[i].get<double>();
      INFO(text << ", step " << step);
      // Three roundings of float32 at the size of the rate they start from.
      CHECK(std::fabs(static_cast<double>(rate(learning_rate, step)) - expected) <=
            2e-7 * std::max(static_cast<double>(learning_rate.initial), expected));
    }
  }
}

TEST_CASE("a warm-up rises in a line from zero to the rate, which the schedule starts from") {
  for (const char* text : {"constant,warmup=4", "exponential,decay_rate=0.5,warmup=4", "polynomial,warmup=4",
                           "cosine,warmup=4"}) {
    INFO(text);
    const LearningRate learning_rate = schedule(text, 0.5f);
    CHECK(rate(learning_rate, 0) == 0.0f);
    CHECK(rate(learning_rate, 1) == 0.125f);
    CHECK(rate(learning_rate, 3) == 0.375f);
    CHECK(rate(learning_rate, 4) == 0.5f);
  }
  CHECK(rate(schedule("constant"), 1'000'000) == 0.001f);
  CHECK(rate(schedule("cosine,warmup=10"), 60) ==
        doctest::Approx(0.0).epsilon(1e-9));  // ends with the training
}

TEST_CASE("a schedule starts at the stated rate, or says why not") {
  CHECK(schedule("cosine").initial == 0.001f);
  CHECK(schedule("cosine", 0.1f).initial == 0.1f);
  CHECK(schedule("cosine,initial_learning_rate=0.25").initial == 0.25f);
  CHECK(schedule("cosine,initial_learning_rate=0.1", 0.1f).initial == 0.1f);
  CHECK(error_of("cosine,initial_learning_rate=0.25", 0.1f) ==
        "--schedule: its initial_learning_rate is 0.25, but --learning-rate says 0.1; give one of them");
}

TEST_CASE("what is wrong with a schedule's text is said with what is known") {
  CHECK(error_of("cosin") ==
        "--schedule: 'cosin' is not known; known are constant, exponential, polynomial, cosine");
  CHECK(
      error_of("cosine,steps=5") ==
      "--schedule: 'cosine' has no option 'steps'; it has initial_learning_rate, warmup, decay_steps, alpha");
  CHECK(error_of("exponential").starts_with("--schedule: 'exponential' lacks decay_rate"));
  CHECK(error_of("cosine,decay_steps=0").starts_with("--schedule: decay_steps of 'cosine' is '0'"));
  CHECK(error_of("cosine,decay_steps=1.5") ==
        "--schedule: decay_steps of 'cosine' is 1.5; expected a whole number");
  CHECK(error_of("polynomial,power=-1").starts_with("--schedule: power of 'polynomial' is '-1'"));
  CHECK(error_of("cosine,alpha=2") == "--schedule: alpha of 'cosine' is '2'; expected a number from 0 to 1");
  CHECK(error_of("cosine,warmup_steps=5").starts_with("--schedule: give warmup_steps together with"));
  CHECK(error_of("cosine,warmup=5,warmup_steps=5,warmup_target=1")
            .starts_with("--schedule: give warmup_steps"));
  CHECK(error_of("constant,warmup_target=1,warmup_steps=2")
            .starts_with("--schedule: 'constant' has no option"));
  CHECK(error_of("cosine,warmup=60")
            .starts_with("--schedule: the training takes 60 steps, of which a warm-up of 60"));
  CHECK(error_of("cosine,warmup=60,decay_steps=5") == "no error");
}

TEST_CASE("a schedule is described with every number") {
  CHECK(describe(schedule("constant")) == "constant,initial=0.001");
  CHECK(describe(schedule("exponential,decay_rate=0.9,staircase")) ==
        "exponential,decay_steps=60,decay_rate=0.9,staircase=true,initial=0.001");
  CHECK(describe(schedule("polynomial,warmup=10")) ==
        "polynomial,decay_steps=50,end_learning_rate=0.0001,power=1,cycle=false,initial=0.001,"
        "warmup_steps=10,warmup_start=0");
  CHECK(describe(schedule("cosine,warmup_target=0.5,warmup_steps=10", 0.1f)) ==
        "cosine,decay_steps=50,alpha=0,initial=0.5,warmup_steps=10,warmup_start=0.1");
}

}  // namespace petal
