// Whole training steps against Keras: the classifiers of tests/golden/training.json, which make_training.py
// writes.

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/training_plan.h"
#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"

namespace petal::testing {
namespace {

using Json = nlohmann::json;
using Numbers = std::vector<float>;

const std::vector<std::string> weight_names = {"hidden/kernel", "hidden/bias", "head/kernel", "head/bias"};

Graph classifier(const Json& item) {
  const Regularizer regularizer{.l1 = item.at("l1"), .l2 = item.at("l2")};
  GraphBuilder g("classifier");
  Value x = g.input({3}, "numbers");
  x = g.add("hidden",
            Dense{.units = 4,
                  .activation = ActivationFunction::relu,
                  .kernel_regularizer = regularizer,
                  .bias_regularizer = regularizer},
            x);
  x = g.add("head",
            Dense{.units = item.at("units"),
                  .activation = activation_function("golden", item.at("activation").get<std::string>()),
                  .kernel_regularizer = regularizer},
            x);
  return std::move(g).build({x});
}

Weights start_of(const Graph& graph, const Json& item) {
  Weights weights = initialize(graph, 1);
  for (std::size_t i = 0; i < weight_names.size(); ++i) {
    const auto numbers = item.at("start")[i].get<Numbers>();
    REQUIRE(std::ssize(numbers) == weights.at(weight_names[i]).elements());
    std::ranges::copy(numbers, weights.edit(weight_names[i]).values().begin());
  }
  return weights;
}

Loss loss_of(const Json& item) {
  Loss loss{.from_logits = item.at("from_logits"), .label_smoothing = item.at("label_smoothing")};
  for (const auto kind : {Loss::Kind::sparse_categorical_crossentropy, Loss::Kind::categorical_crossentropy,
                          Loss::Kind::binary_crossentropy}) {
    if (item.at("loss") == to_string(kind)) loss.kind = kind;
  }
  return loss;
}

struct GivenSamples : SampleSource {
  Numbers numbers;
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    std::copy_n(numbers.begin() + 3 * first, 3 * count, dst);
  }
};

double error_of(std::span<const float> found, const Json& expected) {
  return array_error(std::vector<double>(found.begin(), found.end()), expected.get<std::vector<double>>());
}

void check_steps(const std::shared_ptr<const Backend>& backend, const Json& item) {
  const Graph graph = classifier(item);
  Weights weights = start_of(graph, item);
  const Loss loss = loss_of(item);
  TrainingPlan plan = compile_training(
      graph, weights, backend,
      {.batch = 6, .loss = loss, .optimizer = SGD{.learning_rate = 0.25f}, .micro_batch = 2});
  GivenSamples samples;
  samples.numbers = item.at("src").get<Numbers>();
  const auto sample_weights = item.at("sample_weights").get<Numbers>();
  const auto targets = item.at("targets").get<Numbers>();
  const std::vector<std::int32_t> labels(targets.begin(), targets.end());
  const bool sparse = loss.kind == Loss::Kind::sparse_categorical_crossentropy;
  for (const Json& step : item.at("steps")) {
    const double value =
        plan.forward_backward({.source = &samples,
                               .count = 6,
                               .targets = sparse ? static_cast<const void*>(labels.data()) : targets.data(),
                               .sample_weights = sample_weights},
                              {});
    CHECK(value == doctest::Approx(step.at("loss").get<double>()).epsilon(2e-6));
    const std::span<const float> predictions(plan.predictions(), step.at("predictions").size());
    CHECK(error_of(predictions, step.at("predictions")) <= 2e-6);
    plan.update(0.25f);
    plan.store(weights);
    for (std::size_t i = 0; i < weight_names.size(); ++i) {
      INFO(weight_names[i]);
      CHECK(error_of(weights.at(weight_names[i]).values(), step.at("weights")[i]) <= 2e-6);
    }
  }
}

}  // namespace

TEST_CASE("two-class heads, weighted samples and regularisers train as in Keras") {
  const Json golden = Json::parse(std::ifstream(PETAL_SOURCE "/tests/golden/training.json"));
  REQUIRE(golden.at("heads").size() == 11);
  for (const auto& backend : backends_under_test()) {
    for (const Json& item : golden["heads"]) {
      INFO(backend->name() << ", " << item.at("name").get<std::string>());
      check_steps(backend, item);
    }
  }
}

}  // namespace petal::testing
