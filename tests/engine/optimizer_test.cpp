#include "engine/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "engine/error.h"

namespace petal {
namespace {

std::string error_of(const std::string& text) {
  try {
    optimizer_by_name(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<float> scales_of(const GradientClipping& clipping, std::vector<double> square_sums) {
  std::vector<float> scales(square_sums.size(), -1.0f);
  clipping_scales(clipping, square_sums, scales);
  return scales;
}

constexpr double infinite = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("an optimiser is known by its name, with Keras's defaults") {
  CHECK(describe(optimizer_by_name("sgd")) == "sgd,momentum=0,nesterov=false");
  CHECK(describe(optimizer_by_name("rmsprop")) == "rmsprop,rho=0.9,momentum=0,epsilon=1e-07,centered=false");
  CHECK(describe(optimizer_by_name("adagrad")) == "adagrad,initial_accumulator_value=0.1,epsilon=1e-07");
  CHECK(describe(optimizer_by_name("adam")) == "adam,beta_1=0.9,beta_2=0.999,epsilon=1e-07,amsgrad=false");
  CHECK(describe(optimizer_by_name("adamw")) ==
        "adamw,weight_decay=0.004,beta_1=0.9,beta_2=0.999,epsilon=1e-07,amsgrad=false");
  CHECK(learning_rate(optimizer_by_name("sgd")) == 0.01f);
  for (const char* name : {"rmsprop", "adagrad", "adam", "adamw"}) {
    CHECK(learning_rate(optimizer_by_name(name)) == 0.001f);
  }
}

TEST_CASE("options are read, and what describes an optimiser reads back as it") {
  const auto sgd = std::get<SGD>(optimizer_by_name("sgd,momentum=0.9,nesterov"));
  CHECK(sgd.momentum == 0.9f);
  CHECK(sgd.nesterov);
  CHECK_FALSE(std::get<SGD>(optimizer_by_name("sgd,nesterov=false")).nesterov);
  for (const char* text :
       {"sgd,momentum=0.9,nesterov=true", "rmsprop,rho=0.25,momentum=0.1,epsilon=0.001,centered=true",
        "adagrad,initial_accumulator_value=0,epsilon=1e-10",
        "adam,beta_1=0.8,beta_2=0.9999,epsilon=1e-08,amsgrad=true",
        "adamw,weight_decay=0.05,beta_1=0.8,beta_2=0.9999,epsilon=1e-08,amsgrad=true"}) {
    CHECK(describe(optimizer_by_name(text)) == text);
  }
}

TEST_CASE("what is wrong with an optimiser's text is said with what is known") {
  CHECK(error_of("sdg") == "--optimizer: 'sdg' is not known; known are sgd, rmsprop, adagrad, adam, adamw");
  CHECK(error_of("") == "--optimizer: '' is not known; known are sgd, rmsprop, adagrad, adam, adamw");
  CHECK(error_of("sgd,beta_1=0.5") == "--optimizer: 'sgd' has no option 'beta_1'; it has momentum, nesterov");
  CHECK(error_of("sgd,momentum=fast") ==
        "--optimizer: momentum of 'sgd' is 'fast'; expected a number from 0 to 1");
  CHECK(error_of("sgd,momentum") == "--optimizer: momentum of 'sgd' is ''; expected a number from 0 to 1");
  CHECK(error_of("sgd,momentum=0.9x") ==
        "--optimizer: momentum of 'sgd' is '0.9x'; expected a number from 0 to 1");
  CHECK(error_of("sgd,momentum=nan") ==
        "--optimizer: momentum of 'sgd' is 'nan'; expected a number from 0 to 1");
  CHECK(error_of("sgd,momentum=1.5").starts_with("--optimizer: momentum"));
  CHECK(error_of("adam,beta_2=1").starts_with("--optimizer: beta_2"));
  CHECK(error_of("sgd,nesterov=yes") == "--optimizer: nesterov of 'sgd' is 'yes'; expected true or false");
  CHECK(error_of("sgd,nesterov,nesterov") == "--optimizer: 'sgd' has the option nesterov twice");
  CHECK(error_of("sgd,") == "--optimizer: 'sgd,' ends in a comma");
  CHECK(error_of("sgd,,nesterov") == "--optimizer: 'sgd' has an option without a name");
  CHECK(error_of("sgd,=3") == "--optimizer: 'sgd' has an option without a name");
  CHECK(error_of("adam,learning_rate=0.1") ==
        "--optimizer: learning_rate is no option of 'adam'; state it as --learning-rate");
}

TEST_CASE("each optimiser says how many slots it keeps and how they start") {
  CHECK(slot_count(SGD{}) == 0);
  CHECK(slot_count(SGD{.momentum = 0.9f}) == 1);
  CHECK(slot_count(RMSprop{}) == 1);
  CHECK(slot_count(RMSprop{.momentum = 0.9f}) == 2);
  CHECK(slot_count(RMSprop{.centered = true}) == 2);
  CHECK(slot_count(RMSprop{.momentum = 0.9f, .centered = true}) == 3);
  CHECK(slot_count(Adagrad{}) == 1);
  CHECK(slot_count(Adam{}) == 2);
  CHECK(slot_count(AdamW{.amsgrad = true}) == 3);
  CHECK(slot_start(Adagrad{}, 0) == 0.1f);
  CHECK(slot_start(Adam{}, 1) == 0.0f);
  CHECK_THROWS_AS(slot_start(Adam{}, 2), Error);
  CHECK_THROWS_AS(slot_start(SGD{}, 0), Error);
}

TEST_CASE("gradients over the limit are scaled down to it, each by its norm or all by one") {
  CHECK(scales_of({}, {4.0, 100.0}) == std::vector<float>{1.0f, 1.0f});
  CHECK(scales_of({.value = 1.0f}, {4.0, 100.0}) == std::vector<float>{1.0f, 1.0f});
  CHECK(scales_of({.norm = 4.0f}, {4.0, 0.0, 64.0}) == std::vector<float>{1.0f, 1.0f, 0.5f});
  CHECK(scales_of({.global_norm = 1.0f}, {4.0, 0.0, 12.0}) == std::vector<float>(3, 0.25f));
  CHECK(scales_of({.global_norm = 5.0f}, {4.0, 0.0, 12.0}) == std::vector<float>(3, 1.0f));
  CHECK(scales_of({.global_norm = 5.0f}, {0.0, 0.0}) == std::vector<float>(2, 1.0f));
  CHECK_FALSE(needs_norms({.value = 1.0f}));
  CHECK(needs_norms({.norm = 1.0f}));
  CHECK(needs_norms({.global_norm = 1.0f}));
}

TEST_CASE("clipping does not make a broken gradient look whole") {
  const std::vector<float> own = scales_of({.norm = 1.0f}, {4.0, std::nan(""), infinite});
  CHECK(own[0] == 0.5f);
  CHECK(std::isnan(own[1]));
  CHECK(own[2] == 0.0f);  // of an infinite element NaN, of the others zero
  for (const double sum : {std::nan(""), infinite}) {
    for (const float scale : scales_of({.global_norm = 1.0f}, {4.0, sum})) CHECK(std::isnan(scale));
  }
}

TEST_CASE("clipping takes one limit, above zero") {
  CHECK_NOTHROW(require_valid({}));
  CHECK_NOTHROW(require_valid({.global_norm = 1.0f}));
  CHECK_THROWS_WITH_AS(require_valid({.value = -1.0f}),
                       "--clip-value: found -1, expected a finite number above 0", Error);
  CHECK_THROWS_AS(require_valid({.norm = NAN}), Error);
  CHECK_THROWS_AS(require_valid({.norm = INFINITY}), Error);
  CHECK_THROWS_WITH_AS(require_valid({.value = 1.0f, .norm = 2.0f}),
                       "--clip-norm: cannot be combined with --clip-value; give one of them", Error);
}

}  // namespace petal
