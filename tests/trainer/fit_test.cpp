#include "trainer/fit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "engine/random.h"
#include "tests/trainer/toy.h"
#include "trainer/metrics.h"

using namespace petal;
using namespace petal::test;

namespace {

Graph head(std::int64_t width, std::int64_t classes, std::int64_t hidden = 0, float dropout = 0.0f) {
  GraphBuilder g("head");
  Value x = g.input({width});
  if (dropout > 0) x = g.add("dropout", Dropout{.rate = dropout}, x);
  if (hidden > 0) x = g.add("dense", Dense{.units = hidden, .activation = ActivationFunction::relu}, x);
  x = g.add("predictions", Dense{.units = classes, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

struct Problem {
  Tensor features;
  std::vector<std::int32_t> labels{};
  std::vector<std::int64_t> train_rows{}, validation_rows{};
  FeatureRows train() const { return {.features = &features, .labels = labels, .rows = train_rows}; }
  FeatureRows validation() const {
    return {.features = &features, .labels = labels, .rows = validation_rows};
  }
  FeatureRows none() const { return {.features = &features, .labels = labels, .rows = {}}; }
};

// Every fifth row is for validation.
void hold_out(Problem& problem) {
  for (std::int64_t i = 0; i < problem.features.shape()[0]; ++i) {
    (i % 5 == 4 ? problem.validation_rows : problem.train_rows).push_back(i);
  }
}

// Three clusters in four dimensions, which a line tells apart.
Problem clusters(std::int64_t count = 123, float noise = 0.5f) {
  Problem problem{.features = Tensor(Shape{count, 4})};
  const RandomStream random(5, RandomPurpose::drawing);
  for (std::int64_t i = 0; i < count; ++i) {
    problem.labels.push_back(static_cast<std::int32_t>(i % 3));
    for (std::int64_t d = 0; d < 4; ++d) {
      const auto at = static_cast<std::size_t>(i * 4 + d);
      problem.features.values<float>()[at] =
          (d == i % 3 ? 2.0f : 0.0f) + noise * random.normal(static_cast<std::uint32_t>(at));
    }
  }
  hold_out(problem);
  return problem;
}

// Exclusive or: no line tells the classes apart.
Problem exclusive_or(std::int64_t count = 200) {
  Problem problem{.features = Tensor(Shape{count, 2})};
  const RandomStream random(6, RandomPurpose::drawing);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::uint32_t>(2 * i);
    const float x = random.uniform(at) - 0.5f, y = random.uniform(at + 1) - 0.5f;
    problem.features.values<float>()[at] = x;
    problem.features.values<float>()[at + 1] = y;
    problem.labels.push_back((x > 0) != (y > 0));
  }
  hold_out(problem);
  return problem;
}

LossAndAccuracy judge(const Graph& graph, const Weights& weights, const FeatureRows& rows) {
  FeatureSamples samples(rows, graph);
  return loss_and_accuracy(infer_samples(graph, weights, samples, reference_backends()(1)), samples.labels());
}

struct Trained {
  Weights weights;
  History history;
};

Trained train(const Graph& graph, const Problem& problem, const FitOptions& options,
              const BackendFactory& backends = reference_backends()) {
  Trained result{initialize(graph, 3), {}};
  result.history = fit(graph, result.weights, problem.train(), problem.validation(), backends(1), options);
  return result;
}

bool same(const Weights& a, const Weights& b, const std::string& name) {
  return std::ranges::equal(a.at(name).values<float>(), b.at(name).values<float>());
}

// A schedule by hand: raises the stop flag after so many batches.
class StopAfter : public FitCallback {
 public:
  StopAfter(std::atomic<bool>& stop, int batches) : stop_(stop), left_(batches) {}
  void batch_ended(const BatchProgress&) override { stop_ = --left_ <= 0; }

 private:
  std::atomic<bool>& stop_;
  int left_;
};

}  // namespace

TEST_CASE("fit: a separable problem is learned, and the history tells what happened") {
  const Problem problem = clusters();
  for (const BackendFactory& backends : {reference_backends(), cpu_backends()}) {
    const Graph graph = head(4, 3);
    const Trained trained =
        train(graph, problem, {.epochs = 40, .batch_size = 16, .optimizer = Adam{.learning_rate = 0.05f}},
              backends);
    REQUIRE(trained.history.epochs.size() == 40);
    const EpochRecord& first = trained.history.epochs.front();
    const EpochRecord& last = trained.history.epochs.back();
    CHECK(last.epoch == 40);
    CHECK(last.accuracy > 0.97);
    CHECK(last.loss < first.loss / 3);
    const LossAndAccuracy validation = judge(graph, trained.weights, problem.validation());
    CHECK(validation.accuracy > 0.9);
    CHECK(*last.val_loss == doctest::Approx(validation.loss).epsilon(1e-5));
    CHECK(*last.val_accuracy == doctest::Approx(validation.accuracy));
    CHECK(trained.history.weights_epoch == 40);
    CHECK_FALSE(trained.history.stopped_early);
  }
}

TEST_CASE("fit: what no line separates is learned with a hidden layer, and not without one") {
  const Problem problem = exclusive_or();
  const FitOptions options{.epochs = 60, .batch_size = 20, .optimizer = Adam{.learning_rate = 0.05f}};
  const Graph deep = head(2, 2, 16), flat = head(2, 2);
  CHECK(judge(deep, train(deep, problem, options).weights, problem.train()).accuracy > 0.95);
  CHECK(judge(flat, train(flat, problem, options).weights, problem.train()).accuracy < 0.75);
}

TEST_CASE("fit: one epoch of one batch is one step of gradient descent, by hand") {
  // Two samples, two classes, weights 0: p = 1/2, d loss / d kernel = mean of x (p - t).
  Problem problem{.features = Tensor(Shape{2, 2}), .labels = {0, 1}, .train_rows = {0, 1}};
  std::ranges::copy(std::vector<float>{1, 2, 3, 5}, problem.features.values<float>().begin());
  const Graph graph = head(2, 2);
  Weights weights;
  weights.set("predictions/kernel", Tensor(Shape{2, 2}), Role::weight);
  weights.set("predictions/bias", Tensor(Shape{2}), Role::weight);
  const FitOptions options{
      .epochs = 1, .batch_size = 8, .optimizer = SGD{.learning_rate = 1.0f}, .class_weights = {1.0f, 3.0f}};
  const History history =
      fit(graph, weights, problem.train(), problem.none(), reference_backends()(1), options);
  // Weighted losses: (1 + 3) ln 2 / 2. Class 0: -(1 * x0 * -1/2 + 3 * x1 * 1/2) / 2.
  CHECK(history.epochs[0].loss == doctest::Approx(2 * std::log(2.0)));
  CHECK_FALSE(history.epochs[0].val_loss.has_value());
  CHECK(history.monitor == Monitor::loss);
  const auto kernel = weights.at("predictions/kernel").values<float>();
  CHECK(kernel[0] == doctest::Approx((0.5 * 1 - 1.5 * 3) / 2));
  CHECK(kernel[1] == doctest::Approx(-(0.5 * 1 - 1.5 * 3) / 2));
  CHECK(kernel[2] == doctest::Approx((0.5 * 2 - 1.5 * 5) / 2));
  CHECK(weights.at("predictions/bias").values<float>()[0] == doctest::Approx((0.5 - 1.5) / 2));
}

TEST_CASE("fit: a short last batch weighs by its samples alone") {
  // Learning rate 0: the epoch's loss must be the mean over all samples, whatever the batches.
  const Problem problem = clusters(23);
  const Graph graph = head(4, 3);
  const Weights start = initialize(graph, 3);
  const double expected = judge(graph, start, problem.train()).loss;
  for (const std::int64_t batch : {1, 7, 19, 64}) {
    Weights weights = start;
    const History history =
        fit(graph, weights, problem.train(), problem.validation(), reference_backends()(1),
            {.epochs = 1, .batch_size = batch, .optimizer = SGD{.learning_rate = 0.0f}});
    CHECK(history.epochs[0].loss == doctest::Approx(expected).epsilon(1e-6));
    CHECK(same(weights, start, "predictions/kernel"));
  }
}

TEST_CASE("fit: the seed decides everything; samples are shuffled anew each epoch") {
  const Problem problem = clusters();
  const Graph graph = head(4, 3, 8, 0.3f);
  const FitOptions options{.epochs = 3, .batch_size = 16, .seed = 7};
  const Trained a = train(graph, problem, options), b = train(graph, problem, options);
  FitOptions other_seed = options;
  other_seed.seed = 8;
  const Trained c = train(graph, problem, other_seed);
  CHECK(same(a.weights, b.weights, "predictions/kernel"));
  CHECK_FALSE(same(a.weights, c.weights, "predictions/kernel"));
  CHECK(a.history.epochs[2].loss == b.history.epochs[2].loss);

  // One sample a batch, weights unchanged: the loss so far after the first batch tells which sample came
  // first.
  class FirstLoss : public FitCallback {
   public:
    void batch_ended(const BatchProgress& progress) override {
      if (progress.batch == 1) losses.push_back(progress.loss);
    }
    std::vector<double> losses;
  } first;
  FitOptions still{.epochs = 6, .batch_size = 1, .optimizer = SGD{.learning_rate = 0.0f}};
  still.callbacks = {&first};
  train(head(4, 3), problem, still);
  std::ranges::sort(first.losses);
  CHECK(std::ranges::adjacent_find(first.losses) == first.losses.end());
}

TEST_CASE("fit: early stopping ends training and gives back the best epoch's weights") {
  const Problem problem = clusters(60, 2.5f);  // overlapping clusters: a large head overfits
  const Graph graph = head(4, 3, 64);
  FitOptions options{.epochs = 300, .batch_size = 8, .optimizer = Adam{.learning_rate = 0.02f}};
  options.early_stopping = EarlyStopping{.patience = 4};
  const Trained trained = train(graph, problem, options);
  const History& history = trained.history;
  REQUIRE(history.stopped_early);
  CHECK(history.epochs.size() < 300);
  CHECK(static_cast<int>(history.epochs.size()) == history.best_epoch + 4);
  CHECK(history.weights_epoch == history.best_epoch);
  for (const EpochRecord& record : history.epochs) {
    CHECK(*record.val_loss >= *history.epochs[static_cast<std::size_t>(history.best_epoch - 1)].val_loss);
  }
  const double best = *history.epochs[static_cast<std::size_t>(history.best_epoch - 1)].val_loss;
  CHECK(judge(graph, trained.weights, problem.validation()).loss == doctest::Approx(best).epsilon(1e-5));
  CHECK(*history.epochs.back().val_loss > best);
}

TEST_CASE("fit: early stopping by accuracy, by min_delta, and without validation samples") {
  const Problem problem = clusters();
  const Graph graph = head(4, 3);
  FitOptions options{.epochs = 100, .batch_size = 16};
  options.early_stopping = EarlyStopping{.monitor = Monitor::val_accuracy, .patience = 2, .min_delta = 1.0};
  CHECK(train(graph, problem, options).history.epochs.size() == 3);  // nothing improves by 1
  options.early_stopping = EarlyStopping{.patience = 2, .min_delta = 10.0};
  CHECK(train(graph, problem, options).history.epochs.size() == 3);
  Weights weights = initialize(graph, 3);
  options.early_stopping = EarlyStopping{.monitor = Monitor::val_accuracy, .patience = 3};
  const History history =
      fit(graph, weights, problem.train(), problem.none(), reference_backends()(1), options);
  CHECK(history.monitor == Monitor::accuracy);
}

TEST_CASE("fit: interrupted, the best whole epoch so far is kept") {
  const Problem problem = clusters();  // 99 to train on: 7 batches of 16
  const Graph graph = head(4, 3);
  std::atomic<bool> stop{false};
  StopAfter stopper(stop, 7 * 3 + 2);
  FitOptions options{.epochs = 50, .batch_size = 16, .stop = &stop};
  options.callbacks = {&stopper};
  const Trained trained = train(graph, problem, options);
  CHECK(trained.history.interrupted);
  REQUIRE(trained.history.epochs.size() == 3);
  CHECK(trained.history.weights_epoch == trained.history.best_epoch);
  const double best =
      *trained.history.epochs[static_cast<std::size_t>(trained.history.best_epoch - 1)].val_loss;
  CHECK(judge(graph, trained.weights, problem.validation()).loss == doctest::Approx(best).epsilon(1e-5));

  stop = false;
  StopAfter at_once(stop, 2);
  options.callbacks = {&at_once};
  const Trained nothing = train(graph, problem, options);
  CHECK(nothing.history.interrupted);
  CHECK(nothing.history.weights_epoch == 0);
}

TEST_CASE("fit: a loss that is not finite names epoch, batch and the mend") {
  Problem problem = clusters();
  const Graph graph = head(4, 3, 8);
  const std::string diverged = error_of([&] {
    train(graph, problem, {.epochs = 50, .batch_size = 16, .optimizer = SGD{.learning_rate = 1e30f}});
  });
  CHECK(diverged.find("training: the") == 0);
  CHECK(diverged.find("epoch 1") != std::string::npos);
  CHECK(diverged.find("--learning-rate") != std::string::npos);
  problem.features.values<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  const std::string broken = error_of([&] { train(graph, problem, {.epochs = 1, .batch_size = 99}); });
  CHECK(broken.find("epoch 1, batch 1 of 1") != std::string::npos);
  CHECK(broken.find("features of a photo are not finite") != std::string::npos);
}

TEST_CASE("fit: bad options and data are Errors that name them") {
  const Problem problem = clusters();
  const Graph graph = head(4, 3);
  CHECK(error_of([&] { train(graph, problem, {.epochs = 0}); }).find("--epochs") == 0);
  CHECK(error_of([&] { train(graph, problem, {.batch_size = 0}); }).find("--batch-size") == 0);
  FitOptions impatient;
  impatient.early_stopping = EarlyStopping{.patience = 0};
  CHECK(error_of([&] { train(graph, problem, impatient); }).find("--early-stopping") == 0);
  CHECK(error_of([&] { train(graph, problem, {.class_weights = {1.0f}}); }).find("class weights") !=
        std::string::npos);
  CHECK(error_of([&] { train(head(5, 3), problem, {}); }).find("features are (123, 4)") != std::string::npos);
  CHECK(error_of([&] { train(head(4, 2), problem, {}); }).find("label 2") != std::string::npos);
  Weights weights = initialize(graph, 1);
  CHECK(error_of([&] {
          fit(graph, weights, problem.none(), problem.none(), reference_backends()(1), {});
        }).find("no photo to train on") != std::string::npos);
}

TEST_CASE("fit: balanced class weights are n / (C * n_c)") {
  const Problem problem{
      .features = Tensor(Shape{6, 1}), .labels = {0, 0, 0, 1, 0, 2}, .train_rows = {0, 1, 2, 3, 4}};
  const FeatureSamples samples(problem.train(), head(1, 3));
  const std::vector<float> weights = balanced_class_weights(samples.labels(), 3);
  CHECK(weights[0] == doctest::Approx(5.0 / 12));
  CHECK(weights[1] == doctest::Approx(5.0 / 3));
  CHECK(weights[2] == 1.0f);  // not among the rows
}

TEST_CASE("infer_samples: the rows asked for, in their order, on any number of cores") {
  const Problem problem = clusters();
  const Graph graph = head(4, 3);
  const Weights weights = initialize(graph, 3);
  std::vector<std::int64_t> rows = {5, 0, 122, 7, 5};
  for (std::int64_t row = 20; row < 60; ++row) rows.push_back(row);
  FeatureSamples samples({.features = &problem.features, .labels = problem.labels, .rows = rows}, graph);
  const Tensor one = infer_samples(graph, weights, samples, cpu_backends()(1));
  const Tensor three = infer_samples(graph, weights, samples, cpu_backends()(3));
  CHECK(one.shape() == Shape{45, 3});
  for (std::size_t i = 0; i < one.values().size(); ++i) {
    CHECK(one.values()[i] == doctest::Approx(three.values()[i]).epsilon(1e-6));
  }
  CHECK(std::ranges::equal(one.values().first(3), one.values().subspan(12, 3)));
  FeatureSamples none({.features = &problem.features, .labels = problem.labels, .rows = {}}, graph);
  CHECK(infer_samples(graph, weights, none, cpu_backends()(1)).shape() == Shape{0, 3});
}
