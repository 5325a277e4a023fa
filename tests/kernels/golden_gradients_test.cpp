// Layers in training against Keras: tests/golden/gradients.json, which make_operations.py writes.

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/golden_layer.h"
#include "tests/kernels/prepared_case.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {
namespace {

using Json = nlohmann::json;

std::vector<double> numbers_of(const Json& array) {
  return array.get<std::vector<double>>();
}

// Those of the weights; a statistic's place is empty.
void check_weight_gradients(const std::vector<std::vector<double>>& found, const Json& expected,
                            double tolerated) {
  std::size_t next = 0;
  for (const std::vector<double>& gradient : found) {
    if (gradient.empty()) continue;
    CAPTURE(next);
    REQUIRE(next < expected.size());
    CHECK(array_error(gradient, numbers_of(expected[next++])) <= tolerated);
  }
  CHECK(next == expected.size());
}

void check_gradients(const Backend& backend, Precision precision, const Json& item) {
  Case described{.name = item.at("name"), .layer = golden_layer(item), .src = {}};
  described.trainable = item.at("trainable");
  CaseNumbers numbers;
  for (const Json& src : item.at("src")) {
    described.src.push_back(golden_shape(src).without_batch());
    described.batch = golden_shape(src)[0];
    numbers.src.push_back(golden_numbers(src));
  }
  numbers.diff_dst = golden_numbers(item.at("diff_dst"));
  for (const Json& weight : item.at("weights")) numbers.weights.push_back(golden_numbers(weight));
  REQUIRE(weights_of(described).size() == numbers.weights.size());

  PreparedCase prepared(backend, described, precision, Mode::training, false, numbers);
  // Keras's numbers have nine digits.
  const bool exact = precision == Precision::f64;
  CHECK(array_error(prepared.forward(), numbers_of(item.at("dst"))) <=
        (exact ? 1e-7 : tolerance(precision).forward));
  const double tolerated = exact ? 1e-7 : tolerance(precision).backward;
  const auto diff_src = prepared.backward_data();
  REQUIRE(diff_src.size() == item.at("diff_src").size());
  for (std::size_t i = 0; i < diff_src.size(); ++i) {
    CAPTURE(i);
    CHECK(array_error(diff_src[i], numbers_of(item["diff_src"][i])) <= tolerated);
  }
  if (!item.at("diff_weights").empty()) {
    check_weight_gradients(prepared.backward_weights(), item.at("diff_weights"), tolerated);
  }
  const auto statistics = prepared.statistics();
  REQUIRE(statistics.size() == item.at("statistics").size());
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    CAPTURE(i);
    CHECK(array_error(statistics[i], numbers_of(item["statistics"][i])) <= 1e-6);  // float32
  }
}

}  // namespace

TEST_CASE("layers in training, their gradients and moving statistics as Keras computes them") {
  const Json document = Json::parse(std::ifstream(PETAL_SOURCE "/tests/golden/gradients.json"));
  REQUIRE(document.at("layers").size() > 20);
  for (const auto& backend : backends_under_test()) {
    for (const Precision precision : {Precision::f64, Precision::f32}) {
      if (precision == Precision::f64 && backend.get() != &reference()) continue;  // the reference's own
      for (const Json& item : document["layers"]) {
        INFO(backend->name() << " " << to_string(precision) << ", " << item.at("name").get<std::string>());
        check_gradients(*backend, precision, item);
      }
    }
  }
}

}  // namespace petal::testing
