#include "trainer/metrics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

Tensor rows_of(std::int64_t classes, const std::vector<float>& values) {
  Tensor tensor(Shape{static_cast<std::int64_t>(values.size()) / classes, classes});
  std::ranges::copy(values, tensor.values<float>().begin());
  return tensor;
}

const std::vector<std::string> labels = {"a", "b", "c"};

// Six photos of three classes. Predicted: a, a, b, b, a, c.
const std::vector<float> probabilities = {0.7f, 0.2f, 0.1f,  //
                                          0.5f, 0.3f, 0.2f,  //
                                          0.1f, 0.6f, 0.3f,  //
                                          0.2f, 0.5f, 0.3f,  //
                                          0.6f, 0.3f, 0.1f,  //
                                          0.0f, 0.2f, 0.8f};
const std::vector<std::int32_t> truth = {0, 0, 0, 1, 1, 2};

}  // namespace

TEST_CASE("metrics: a case by hand") {
  const Evaluation e = evaluate_predictions(rows_of(3, probabilities), truth, labels);
  CHECK(e.samples == 6);
  CHECK(e.confusion_matrix == std::vector<std::vector<std::int64_t>>{{2, 1, 0}, {1, 1, 0}, {0, 0, 1}});
  CHECK(e.accuracy == doctest::Approx(4.0 / 6));
  CHECK(e.macro_accuracy == doctest::Approx((2.0 / 3 + 1.0 / 2 + 1.0) / 3));
  const double a = -(std::log(0.7) + std::log(0.5) + std::log(0.1)), b = -(std::log(0.5) + std::log(0.3)),
               c = -std::log(0.8);
  CHECK(e.log_loss == doctest::Approx((a + b + c) / 6).epsilon(1e-6));
  const double prior = -(0.5 * std::log(0.5) + std::log(1.0 / 3) / 3 + std::log(1.0 / 6) / 6);
  CHECK(e.log_loss_reduction == doctest::Approx((prior - (a + b + c) / 6) / prior).epsilon(1e-6));
  CHECK(e.top_k == 3);
  CHECK(e.top_k_accuracy == 1.0);
  REQUIRE(e.per_class.size() == 3);
  CHECK(e.per_class[0].label == "a");
  CHECK(e.per_class[0].precision == doctest::Approx(2.0 / 3));
  CHECK(e.per_class[0].recall == doctest::Approx(2.0 / 3));
  CHECK(e.per_class[0].f1 == doctest::Approx(2.0 / 3));
  CHECK(e.per_class[0].log_loss == doctest::Approx(a / 3).epsilon(1e-6));
  CHECK(e.per_class[0].support == 3);
  CHECK(e.per_class[1].precision == doctest::Approx(0.5));
  CHECK(e.per_class[1].log_loss == doctest::Approx(b / 2).epsilon(1e-6));
  CHECK(e.per_class[2].f1 == doctest::Approx(1.0));
}

TEST_CASE("metrics: the numbers of scikit-learn 1.9.1 on 40 samples of 7 classes") {
  // p[i][c] and truth by formula; accuracy_score, balanced_accuracy_score, log_loss,
  // top_k_accuracy_score(k=5), precision_recall_fscore_support(zero_division=0), macro averages.
  constexpr int samples = 40, classes = 7;
  std::vector<float> p;
  std::vector<std::int32_t> t;
  for (int i = 0; i < samples; ++i) {
    std::vector<float> row;
    float sum = 0;
    for (int c = 0; c < classes; ++c) {
      row.push_back(static_cast<float>((i * 31 + c * c * 17 + i * c * 7) % 101 + 1) +
                    0.1f * static_cast<float>(c));
      sum += row.back();
    }
    for (const float x : row) p.push_back(x / sum);
    t.push_back((i * i * 3 + i) % classes);
  }
  const std::vector<std::string> names = {"0", "1", "2", "3", "4", "5", "6"};
  const Evaluation e = evaluate_predictions(rows_of(classes, p), t, names);
  double precision = 0, recall = 0, f1 = 0;
  for (const ClassMetrics& c : e.per_class) {
    precision += c.precision / classes;
    recall += c.recall / classes;
    f1 += c.f1 / classes;
  }
  CHECK(e.accuracy == doctest::Approx(0.075).epsilon(1e-6));
  CHECK(e.macro_accuracy == doctest::Approx(0.06439393939).epsilon(1e-6));
  CHECK(e.log_loss == doctest::Approx(2.236781419).epsilon(1e-6));
  CHECK(e.top_k_accuracy == doctest::Approx(0.775).epsilon(1e-6));
  CHECK(precision == doctest::Approx(0.06746031746).epsilon(1e-6));
  CHECK(recall == doctest::Approx(0.0367965368).epsilon(1e-6));
  CHECK(f1 == doctest::Approx(0.0462585034).epsilon(1e-6));
}

TEST_CASE(
    "metrics: a class without samples or predictions gives zeros, not NaN, and no share of the macro "
    "accuracy") {
  const Evaluation e = evaluate_predictions(rows_of(3, {0.9f, 0.1f, 0.0f, 0.4f, 0.6f, 0.0f}),
                                            std::vector<std::int32_t>{0, 0}, labels);
  CHECK(e.macro_accuracy == doctest::Approx(0.5));
  CHECK(e.per_class[2].precision == 0);
  CHECK(e.per_class[2].recall == 0);
  CHECK(e.per_class[2].f1 == 0);
  CHECK(e.per_class[2].log_loss == 0);
  CHECK(e.log_loss_reduction == 0);  // one class: the prior's loss is 0
}

TEST_CASE("metrics: equals are told apart by their order; a probability of 0 costs Keras's clipped loss") {
  const Evaluation e =
      evaluate_predictions(rows_of(2, {0.5f, 0.5f, 0.5f, 0.5f, 1.0f, 0.0f}),
                           std::vector<std::int32_t>{0, 1, 1}, std::vector<std::string>{"a", "b"});
  CHECK(e.accuracy == doctest::Approx(1.0 / 3));
  CHECK(e.confusion_matrix == std::vector<std::vector<std::int64_t>>{{1, 0}, {2, 0}});
  CHECK(e.per_class[1].log_loss == doctest::Approx((std::log(2.0) - std::log(1e-7)) / 2));
}

TEST_CASE("metrics: the truth below the fifth place is not among the top") {
  const Evaluation e =
      evaluate_predictions(rows_of(6, {0.3f, 0.2f, 0.2f, 0.1f, 0.1f, 0.1f}), std::vector<std::int32_t>{5},
                           std::vector<std::string>{"a", "b", "c", "d", "e", "f"});
  CHECK(e.top_k == 5);
  CHECK(e.top_k_accuracy == 0);
}

TEST_CASE("metrics: bad input is an Error") {
  const Tensor rows = rows_of(3, probabilities);
  CHECK(error_of([&] {
          evaluate_predictions(rows, std::vector<std::int32_t>{0}, labels);
        }).find("evaluation:") == 0);
  CHECK(error_of([&] {
          evaluate_predictions(rows, std::vector<std::int32_t>{0, 0, 0, 1, 1, 3}, labels);
        }).find("class 3") != std::string::npos);
  CHECK(error_of([&] {
          evaluate_predictions(Tensor(Shape{0, 3}), {}, labels);
        }).find("no photo") != std::string::npos);
  std::vector<float> broken = probabilities;
  broken[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of([&] { evaluate_predictions(rows_of(3, broken), truth, labels); }).find("not finite") !=
        std::string::npos);
}

TEST_CASE("metrics: the loss and accuracy of an epoch are those of the evaluation") {
  const Tensor rows = rows_of(3, probabilities);
  const Evaluation e = evaluate_predictions(rows, truth, labels);
  const LossAndAccuracy both = loss_and_accuracy(rows, truth);
  CHECK(both.loss == doctest::Approx(e.log_loss));
  CHECK(both.accuracy == doctest::Approx(e.accuracy));
}

TEST_CASE("metrics.json: has what the design names") {
  MetricsDocument document;
  document.evaluation = evaluate_predictions(rows_of(3, probabilities), truth, labels);
  document.seconds.total = 1.5;
  document.peak_memory_bytes = peak_memory_bytes();
  const nlohmann::json json = nlohmann::json::parse(to_json(document));
  for (const char* key :
       {"test_accuracy", "macro_accuracy", "log_loss", "log_loss_reduction", "top_k_accuracy",
        "confusion_matrix", "per_class", "seconds", "peak_memory_bytes"}) {
    CAPTURE(key);
    CHECK(json.contains(key));
  }
  CHECK(json["test_accuracy"].get<double>() == doctest::Approx(4.0 / 6));
  CHECK(json["confusion_matrix"][0][1] == 1);
  CHECK(json["per_class"]["a"]["support"] == 3);
  CHECK(json["seconds"]["total"] == 1.5);
  for (const char* stage : {"load", "features", "train", "evaluate"}) CHECK(json["seconds"].contains(stage));
  CHECK(json["peak_memory_bytes"].get<std::int64_t>() > 1'000'000);
}
