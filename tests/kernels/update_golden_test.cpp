// The update kernels against Keras: tests/golden/training.json, which make_training.py writes.

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/from_host.h"

namespace petal::testing {
namespace {

using Json = nlohmann::json;

const Json& golden() {
  static const Json document = Json::parse(std::ifstream(PETAL_SOURCE "/tests/golden/training.json"));
  return document;
}

using Numbers = std::vector<float>;

double error_of(const Numbers& found, const Json& expected) {
  return array_error(std::vector<double>(found.begin(), found.end()), expected.get<std::vector<double>>());
}

// One weight with the optimiser's slots, as a plan would hold them.
struct HeldParameter {
  Numbers weights, gradient;
  std::vector<Numbers> slots;

  HeldParameter(Numbers start, const Optimizer& optimizer)
      : weights(std::move(start)), gradient(weights.size()) {
    for (int i = 0; i < slot_count(optimizer); ++i)
      slots.emplace_back(weights.size(), slot_start(optimizer, i));
  }
  UpdateKernel::Parameter bound() {
    UpdateKernel::Parameter parameter{.weights = weights.data(),
                                      .diff_weights = gradient.data(),
                                      .slots = {},
                                      .elements = std::ssize(weights)};
    for (Numbers& slot : slots) parameter.slots.push_back(slot.data());
    return parameter;
  }
};

GradientClipping clipping_of(const Json& fields) {
  return {.value = fields.value("clipvalue", 0.0f),
          .norm = fields.value("clipnorm", 0.0f),
          .global_norm = fields.value("global_clipnorm", 0.0f)};
}

}  // namespace

TEST_CASE("five steps of each optimiser as Keras takes them") {
  REQUIRE(golden().at("optimizers").size() == 14);
  for (const auto& backend : backends_under_test()) {
    backend->enter();
    for (const Json& item : golden().at("optimizers")) {
      const auto text = item.at("text").get<std::string>();
      const Optimizer optimizer = optimizer_by_name(text);
      HeldParameter held(item.at("weights").get<Numbers>(), optimizer);
      const auto kernel = update_from_host(*backend, optimizer);
      for (std::size_t step = 0; step < item.at("gradients").size(); ++step) {
        INFO(backend->name() << ", " << text << ", step " << step);
        held.gradient = item["gradients"][step].get<Numbers>();
        const UpdateKernel::Parameter parameter = held.bound();
        kernel->run({&parameter, 1}, {.learning_rate = item.at("learning_rate").get<float>(),
                                      .step = static_cast<std::int64_t>(step) + 1});
        CHECK(error_of(held.weights, item["after"][step]) <= 2.5e-7);
      }
    }
  }
}

TEST_CASE("gradients are clipped as Keras clips them") {
  REQUIRE(golden().at("clippings").size() == 5);
  for (const auto& backend : backends_under_test()) {
    backend->enter();
    const auto kernel = update_from_host(*backend, SGD{});
    for (const Json& item : golden().at("clippings")) {
      INFO(backend->name() << ", " << item.at("name").get<std::string>());
      const GradientClipping clipping = clipping_of(item.at("clipping"));
      std::vector<HeldParameter> held;
      for (const Json& gradient : item.at("gradients")) {
        held.emplace_back(Numbers(gradient.size()), SGD{});
        held.back().gradient = gradient.get<Numbers>();
      }
      std::vector<UpdateKernel::Parameter> parameters;
      for (HeldParameter& one : held) parameters.push_back(one.bound());
      std::vector<double> sums(held.size());
      kernel->sum_squares(parameters, sums);
      const auto scales = needs_norms(clipping) ? kernel->scales_by_norms(clipping, sums) : Numbers();
      kernel->run(parameters, {.learning_rate = -1.0f, .clip_value = clipping.value, .scales = scales});
      for (std::size_t p = 0; p < held.size(); ++p) {
        CHECK(error_of(held[p].weights, item.at("clipped")[p]) <= 2.5e-7);
      }
    }
  }
}

TEST_CASE("regularisers add Keras's penalty and gradient") {
  REQUIRE(golden().at("regularizers").size() == 3);
  for (const auto& backend : backends_under_test()) {
    backend->enter();
    const auto kernel = update_from_host(*backend, SGD{});
    for (const Json& item : golden().at("regularizers")) {
      HeldParameter held(item.at("weights").get<Numbers>(), SGD{});
      UpdateKernel::Parameter parameter = held.bound();
      parameter.regularizer = {.l1 = item.at("l1"), .l2 = item.at("l2")};
      INFO(backend->name() << ", l1 " << parameter.regularizer.l1 << ", l2 " << parameter.regularizer.l2);
      CHECK(kernel->regularize({&parameter, 1}) ==
            doctest::Approx(item.at("penalty").get<double>()).epsilon(2.5e-7));
      CHECK(error_of(held.gradient, item.at("gradient")) <= 2.5e-7);
    }
  }
}

}  // namespace petal::testing
