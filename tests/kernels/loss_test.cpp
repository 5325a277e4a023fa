#include <doctest/doctest.h>

#include <cmath>

#include "engine/error.h"
#include "engine/loss_scale.h"
#include "engine/random.h"
#include "kernels/reference/loss.h"
#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/from_host.h"
#include "tests/kernels/guarded_array.h"
#include "tests/kernels/scalars.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {
namespace {

std::vector<Loss> losses() {
  std::vector<Loss> all;
  for (const auto kind : {Loss::Kind::sparse_categorical_crossentropy, Loss::Kind::categorical_crossentropy,
                          Loss::Kind::binary_crossentropy}) {
    for (const bool from_logits : {true, false}) {
      for (const float smoothing : {0.0f, 0.1f}) all.push_back({kind, from_logits, smoothing});
    }
  }
  return all;
}

std::string describe(const Loss& loss) {
  return std::string(to_string(loss.kind)) + (loss.from_logits ? " from logits" : " from probabilities") +
         ", smoothing " + std::to_string(loss.label_smoothing);
}

// N samples of C predictions, logits in [-4, 4] or probabilities, with what they are compared to.
struct LossNumbers {
  std::int64_t batch, channels;
  std::vector<double> predictions;
  std::vector<std::int32_t> labels;
  std::vector<float> targets, sample_weights;

  LossNumbers(const Loss& loss, std::int64_t n, std::int64_t c) : batch(n), channels(c) {
    const RandomStream random(3, RandomPurpose::drawing);
    for (std::uint32_t i = 0; i < n * c; ++i) {
      const auto draw = static_cast<double>(random.uniform(i));
      predictions.push_back(
          loss.from_logits ? 8 * draw - 4 : (0.05 + 0.9 * draw) / (c > 2 ? static_cast<double>(c) / 2 : 1));
      targets.push_back(random.uniform(i + 1000000));
    }
    for (std::uint32_t i = 0; i < n; ++i) {
      labels.push_back(static_cast<std::int32_t>(random.below(i + 2000000, static_cast<std::uint32_t>(c))));
      sample_weights.push_back(i % 3 == 1 ? 0.0f : 0.5f + random.uniform(i + 3000000));
    }
  }
  const std::byte* target_bytes(const Loss& loss) const {
    return loss.kind == Loss::Kind::sparse_categorical_crossentropy
               ? reinterpret_cast<const std::byte*>(labels.data())
               : reinterpret_cast<const std::byte*>(targets.data());
  }
};

struct LossResult {
  std::vector<double> losses, diff_predictions;
};

LossResult run(const Backend& backend, Precision precision, const Loss& loss, const LossNumbers& numbers,
               bool weighted, const LossScale* scale = nullptr) {
  const DataType type = data_type(precision);
  GuardedArray predictions(numbers.predictions.size() * size_of(type)), diff(predictions.size());
  GuardedArray losses(numbers.labels.size() * sizeof(float));
  encode(numbers.predictions, type, predictions.data());
  backend.enter();
  loss_from_host(backend, loss, {type, {numbers.batch, numbers.channels}})
      ->run({.predictions = predictions.data(),
             .targets = numbers.target_bytes(loss),
             .sample_weights = weighted ? numbers.sample_weights.data() : nullptr,
             .scale = scale,
             .losses = reinterpret_cast<float*>(losses.data()),
             .diff_predictions = diff.data()});
  CHECK(losses.guards_hold());
  CHECK(diff.guards_hold());
  return {decode(losses.data(), DataType::f32, numbers.labels.size()),
          decode(diff.data(), type, numbers.predictions.size())};
}

}  // namespace

TEST_CASE("the factor of the loss multiplies its gradient and nothing else") {
  LossScale scale(Precision::f16);
  for (const auto& backend : backends_under_test()) {
    for (const Loss& loss : losses()) {
      INFO(backend->name() << ", " << describe(loss));
      const LossNumbers numbers(loss, 3, 5);
      const LossResult plain = run(*backend, Precision::f32, loss, numbers, true);
      const LossResult scaled = run(*backend, Precision::f32, loss, numbers, true, &scale);
      CHECK(scaled.losses == plain.losses);
      std::vector<double> expected = plain.diff_predictions;
      for (double& number : expected) number *= LossScale::first_factor;  // a power of two: nothing rounds
      CHECK(scaled.diff_predictions == expected);
    }
  }
}

TEST_CASE("the gradient of each loss is that of finite differences") {
  for (const Loss& loss : losses()) {
    INFO(describe(loss));
    LossNumbers numbers(loss, 1, 7);
    const reference::Target target{numbers.labels[0], numbers.targets.data()};
    std::vector<double> diff(7), ignored(7), expected;
    std::vector<double>& p = numbers.predictions;
    reference::sample_loss(loss, p.data(), target, 7, diff.data());
    for (double& element : p) {
      const double value = element;
      element = value + finite_difference_step;
      const double after = reference::sample_loss(loss, p.data(), target, 7, ignored.data());
      element = value - finite_difference_step;
      const double before = reference::sample_loss(loss, p.data(), target, 7, ignored.data());
      element = value;
      expected.push_back((after - before) / (2 * finite_difference_step));
    }
    CHECK(array_error(diff, expected) <= finite_difference_tolerance);
  }
}

TEST_CASE("losses of every backend are the reference's, weighted and not") {
  for (const auto& backend : backends_under_test()) {
    for (const Loss& loss : losses()) {
      for (const auto& [batch, channels] : {std::pair{1, 5}, {32, 5}, {3, 1000}, {3, 1}}) {
        // The probability of an only class is 1, and its loss what clipping leaves.
        if (channels == 1 && loss.kind != Loss::Kind::binary_crossentropy) continue;
        for (const bool weighted : {false, true}) {
          INFO(backend->name() << ", " << describe(loss) << ", " << batch << " of " << channels);
          const LossNumbers numbers(loss, batch, channels);
          const LossResult expected = run(reference(), Precision::f64, loss, numbers, weighted);
          const LossResult found = run(*backend, Precision::f32, loss, numbers, weighted);
          CHECK(array_error(found.losses, expected.losses) <= tolerance(Precision::f32).forward);
          CHECK(array_error(found.diff_predictions, expected.diff_predictions) <=
                tolerance(Precision::f32).backward);
        }
      }
    }
  }
}

TEST_CASE("a class number that the network does not have is an error, not a stray read") {
  for (const auto& backend : backends_under_test()) {
    if (backend->memory()->is_apart()) continue;  // no kernel there can throw: plans see to it
    const Loss loss{.from_logits = true};
    for (const std::int32_t label : {-1, 5}) {
      LossNumbers numbers(loss, 3, 5);
      numbers.labels[2] = label;
      INFO(backend->name() << ", " << label);
      CHECK_THROWS_AS(run(*backend, Precision::f32, loss, numbers, false), Error);
    }
  }
}

}  // namespace petal::testing
