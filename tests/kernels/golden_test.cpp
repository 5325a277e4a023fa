// The backends against Keras: tests/golden/operations.json, which make_operations.py writes.

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/from_host.h"
#include "tests/kernels/golden_layer.h"
#include "tests/kernels/prepared_case.h"
#include "tests/kernels/scalars.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {
namespace {

using Json = nlohmann::json;

const Json& golden() {
  static const Json document = Json::parse(std::ifstream(PETAL_SOURCE "/tests/golden/operations.json"));
  return document;
}

// Keras's numbers are float64 with nine digits; our epsilons and rates are float32.
double golden_tolerance(Precision precision) {
  return precision == Precision::f64 ? 1e-7 : tolerance(precision).forward;
}

void check_layer(const Backend& backend, Precision precision, const Json& item) {
  Case described{.name = item.at("name"), .layer = golden_layer(item), .src = {}};
  CaseNumbers numbers;
  for (const Json& src : item.at("src")) {
    described.src.push_back(golden_shape(src).without_batch());
    described.batch = golden_shape(src)[0];
    numbers.src.push_back(golden_numbers(src));
  }
  const std::vector<WeightDeclaration> declarations = weights_of(described);
  REQUIRE(declarations.size() == item.at("weights").size());
  for (std::size_t i = 0; i < declarations.size(); ++i) {
    CHECK(declarations[i].shape == golden_shape(item["weights"][i]));
    numbers.weights.push_back(golden_numbers(item["weights"][i]));
  }
  const std::vector<double> expected = item.at("dst").get<std::vector<double>>();
  REQUIRE(node_of(described).shape.with_batch(described.batch) == golden_shape(item));
  numbers.diff_dst.resize(expected.size());
  PreparedCase prepared(backend, described, precision, Mode::inference, true, numbers);
  CHECK(array_error(prepared.forward(), expected) <= golden_tolerance(precision));
}

std::vector<std::byte> bytes_of(const std::vector<double>& values, DataType type) {
  std::vector<std::byte> bytes(values.size() * size_of(type));
  encode(values, type, bytes.data());
  return bytes;
}

Loss loss_of(const Json& fields) {
  Loss loss;
  for (const auto kind : {Loss::Kind::sparse_categorical_crossentropy, Loss::Kind::categorical_crossentropy,
                          Loss::Kind::binary_crossentropy}) {
    if (fields.at("kind") == to_string(kind)) loss.kind = kind;
  }
  loss.from_logits = fields.at("from_logits");
  loss.label_smoothing = fields.value("label_smoothing", 0.0f);
  return loss;
}

void check_loss(const Backend& backend, Precision precision, const Json& item) {
  const Loss loss = loss_of(item.at("fields"));
  REQUIRE(to_string(loss.kind) == item["fields"]["kind"].get<std::string>());
  const DataType type = data_type(precision);
  const Shape shape = golden_shape(item.at("predictions"));
  const bool sparse = loss.kind == Loss::Kind::sparse_categorical_crossentropy;
  const auto predictions = bytes_of(item["predictions"].at("values").get<std::vector<double>>(), type);
  const auto targets =
      bytes_of(item.at("targets").get<std::vector<double>>(), sparse ? DataType::s32 : DataType::f32);
  const auto weights = item.at("sample_weights").get<std::vector<float>>();
  const Json& expected = item.at(std::string(to_string(precision)));
  std::vector<float> losses(static_cast<std::size_t>(shape[0]), NAN);
  GuardedArray diff(predictions.size());
  backend.enter();
  loss_from_host(backend, loss, {type, shape})
      ->run({.predictions = predictions.data(),
             .targets = targets.data(),
             .sample_weights = weights.data(),
             .losses = losses.data(),
             .diff_predictions = diff.data()});
  const std::vector<double> found(losses.begin(), losses.end());
  CHECK(array_error(found, expected.at("losses").get<std::vector<double>>()) <=
        golden_tolerance(Precision::f32));
  CHECK(array_error(decode(diff.data(), type, static_cast<std::size_t>(shape.elements())),
                    expected.at("diff_predictions").get<std::vector<double>>()) <=
        golden_tolerance(precision));
  CHECK(diff.guards_hold());
}

}  // namespace

TEST_CASE("layers as Keras computes them") {
  REQUIRE(golden().at("layers").size() > 40);
  for (const auto& backend : backends_under_test()) {
    for (const Precision precision : {Precision::f64, Precision::f32}) {
      int skipped = 0;
      for (const Json& item : golden().at("layers")) {
        INFO(backend->name() << " " << to_string(precision) << ", " << item.at("name").get<std::string>());
        Node node;
        node.layer = golden_layer(item);
        if (backend->supports(node, precision, Direction::forward).supported) {
          check_layer(*backend, precision, item);
        } else {
          ++skipped;
        }
      }
      if (skipped > 0)
        MESSAGE(backend->name() << " " << to_string(precision) << ": " << skipped << " skipped");
      if (backend.get() == &reference()) CHECK(skipped == 0);
    }
  }
}

TEST_CASE("losses and their gradients as Keras computes them") {
  REQUIRE(golden().at("losses").size() > 15);
  for (const auto& backend : backends_under_test()) {
    for (const Precision precision : {Precision::f64, Precision::f32}) {
      if (precision == Precision::f64 && backend.get() != &reference()) continue;  // the reference's own
      for (const Json& item : golden().at("losses")) {
        INFO(backend->name() << " " << to_string(precision) << ", " << item.at("name").get<std::string>());
        check_loss(*backend, precision, item);
      }
    }
  }
}

}  // namespace petal::testing
