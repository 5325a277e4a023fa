#include "trainer/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "engine/error.h"
#include "engine/plan.h"
#include "engine/random.h"
#include "engine/training_plan.h"
#include "trainer/feature_rows.h"
#include "trainer/metrics.h"

namespace petal {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

bool falls(Monitor monitor) {
  return monitor == Monitor::loss || monitor == Monitor::val_loss;
}

// What stands for the monitor where there are no validation samples.
Monitor without_validation(Monitor monitor) {
  return falls(monitor) ? Monitor::loss : Monitor::accuracy;
}

double monitored(const EpochRecord& record, Monitor monitor) {
  switch (monitor) {
    case Monitor::val_loss:
      return *record.val_loss;
    case Monitor::val_accuracy:
      return *record.val_accuracy;
    case Monitor::loss:
      return record.loss;
    case Monitor::accuracy:
      return record.accuracy;
  }
  return record.loss;
}

std::int64_t classes_of(const Graph& graph) {
  if (graph.outputs().size() != 1 || graph[graph.outputs()[0]].shape.rank() != 1) {
    throw Error("training", "graph '" + graph.name() + "' must have one output of shape (classes,)");
  }
  return graph[graph.outputs()[0]].shape[0];
}

void require_samples(const Samples& samples, std::int64_t width, std::int64_t classes) {
  const Shape& shape = samples.features->shape();
  if (shape.rank() != 2 || shape[1] != width ||
      shape[0] != static_cast<std::int64_t>(samples.labels.size())) {
    throw Error("training", "features are " + shape.to_string() + ", expected (" +
                                std::to_string(samples.labels.size()) + ", " + std::to_string(width) + ")");
  }
  for (const std::int64_t row : samples.rows) {
    if (row < 0 || row >= shape[0]) throw Error("training", "there is no feature row " + std::to_string(row));
    const std::int32_t label = samples.labels[static_cast<std::size_t>(row)];
    if (label < 0 || label >= classes) {
      throw Error("training", "label " + std::to_string(label) + " is none of the model's " +
                                  std::to_string(classes) + " classes");
    }
  }
}

void require_options(const FitOptions& options, std::int64_t classes) {
  if (options.epochs < 1)
    throw Error("--epochs", fmt::format("found {}, expected 1 or more", options.epochs));
  if (options.batch_size < 1) {
    throw Error("--batch-size", fmt::format("found {}, expected 1 or more", options.batch_size));
  }
  if (options.early_stopping && options.early_stopping->patience < 1) {
    throw Error("--early-stopping",
                fmt::format("patience is {}, expected 1 epoch or more", options.early_stopping->patience));
  }
  const std::size_t weights = options.class_weights.size();
  if (weights != 0 && weights != static_cast<std::size_t>(classes)) {
    throw Error("training", fmt::format("{} class weights for {} classes", weights, classes));
  }
}

class Fitting {
 public:
  Fitting(const Graph& graph, Weights& weights, const Samples& train, const Samples& validation,
          std::shared_ptr<const Backend> backend, const FitOptions& options)
      : graph_(graph),
        weights_(weights),
        train_(train),
        validation_(validation),
        backend_(std::move(backend)),
        options_(options),
        classes_(classes_of(graph)),
        batch_(std::min(options.batch_size, train.size())),
        plan_(compile_training(graph, weights, backend_, {.batch = batch_, .optimizer = options.optimizer})) {
    history_.monitor = options.early_stopping ? options.early_stopping->monitor : Monitor::val_loss;
    if (validation.size() == 0) history_.monitor = without_validation(history_.monitor);
  }

  History run() {
    for (int epoch = 1; epoch <= options_.epochs && !history_.stopped_early; ++epoch) {
      if (stopped() || !run_epoch(epoch)) {
        history_.interrupted = true;
        break;
      }
    }
    choose_weights();
    for (FitCallback* callback : options_.callbacks) callback->training_ended(history_);
    return std::move(history_);
  }

 private:
  bool stopped() const { return options_.stop && *options_.stop; }

  // False where the stop flag cut the epoch.
  bool run_epoch(int epoch) {
    const Clock::time_point began = Clock::now();
    for (FitCallback* callback : options_.callbacks) callback->epoch_began(epoch, options_.epochs);
    const std::vector<std::int64_t> order = shuffled(epoch);
    BatchProgress progress{
        .epoch = epoch, .epochs = options_.epochs, .batches = (train_.size() + batch_ - 1) / batch_};
    double loss = 0;
    std::int64_t correct = 0, seen = 0;
    for (; progress.batch < progress.batches; ++progress.batch) {
      if (stopped()) return false;
      const auto rows = std::span(order).subspan(static_cast<std::size_t>(seen));
      const std::int64_t count = std::min<std::int64_t>(batch_, static_cast<std::int64_t>(rows.size()));
      loss += run_batch(rows.first(static_cast<std::size_t>(count)), progress) * static_cast<double>(count);
      correct += count_correct(count);
      seen += count;
      progress.loss = loss / static_cast<double>(seen);
      progress.accuracy = static_cast<double>(correct) / static_cast<double>(seen);
      BatchProgress done = progress;
      ++done.batch;
      for (FitCallback* callback : options_.callbacks) callback->batch_ended(done);
    }
    plan_.store(weights_);
    finish_epoch({.epoch = epoch, .loss = progress.loss, .accuracy = progress.accuracy}, began);
    return true;
  }

  std::vector<std::int64_t> shuffled(int epoch) const {
    std::vector<std::int64_t> order(train_.rows.begin(), train_.rows.end());
    const RandomStream random(options_.seed, RandomPurpose::shuffle, static_cast<std::uint32_t>(epoch));
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1],
                order[random.below(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i))]);
    }
    return order;
  }

  // One step; the mean loss of its samples.
  double run_batch(std::span<const std::int64_t> rows, const BatchProgress& progress) {
    write_rows(*train_.features, rows, plan_);
    targets_.assign(static_cast<std::size_t>(batch_), 0);
    sample_weights_.assign(static_cast<std::size_t>(batch_), 0.0f);
    sample_ids_.assign(static_cast<std::size_t>(batch_), 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      targets_[i] = train_.labels[static_cast<std::size_t>(rows[i])];
      const auto label = static_cast<std::size_t>(targets_[i]);
      sample_weights_[i] = options_.class_weights.empty() ? 1.0f : options_.class_weights[label];
      sample_ids_[i] = static_cast<std::uint32_t>(rows[i]);
    }
    const RunContext context{
        .seed = options_.seed, .epoch = static_cast<std::uint32_t>(progress.epoch), .samples = sample_ids_};
    const double loss = plan_.forward_backward(targets_.data(), sample_weights_,
                                               static_cast<std::int64_t>(rows.size()), context);
    if (!std::isfinite(loss)) throw_not_finite(rows, progress, loss);
    plan_.update(learning_rate(options_.optimizer));
    return loss;
  }

  [[noreturn]] void throw_not_finite(std::span<const std::int64_t> rows, const BatchProgress& progress,
                                     double loss) const {
    const std::string where = fmt::format("the loss is {} in epoch {}, batch {} of {}", loss, progress.epoch,
                                          progress.batch + 1, progress.batches);
    for (const std::int64_t row : rows) {
      if (!std::ranges::all_of(feature_row(*train_.features, row),
                               [](float x) { return std::isfinite(x); })) {
        throw Error(
            "training",
            where +
                ": the features of a photo are not finite; the weights of the base are broken, or its "
                "precision is too low: try --precision f32",
            ErrorKind::failure);
      }
    }
    throw Error("training",
                fmt::format("{}: the steps are too large; lower --learning-rate (it is {})", where,
                            learning_rate(options_.optimizer)),
                ErrorKind::failure);
  }

  std::int64_t count_correct(std::int64_t count) const {
    std::int64_t correct = 0;
    const auto classes = static_cast<std::size_t>(classes_);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      correct += most_probable({plan_.predictions() + i * classes, classes}) == targets_[i];
    }
    return correct;
  }

  void finish_epoch(EpochRecord record, Clock::time_point began) {
    if (validation_.size() > 0) {
      const LossAndAccuracy result = validate();
      if (!std::isfinite(result.loss)) {
        throw Error("training",
                    fmt::format("the validation loss is {} after epoch {}: the steps are too large; lower "
                                "--learning-rate (it is {})",
                                result.loss, record.epoch, learning_rate(options_.optimizer)),
                    ErrorKind::failure);
      }
      record.val_loss = result.loss;
      record.val_accuracy = result.accuracy;
    }
    record.seconds = seconds_since(began);
    history_.epochs.push_back(record);
    keep_best(record);
    for (FitCallback* callback : options_.callbacks) callback->epoch_ended(record, options_.epochs);
  }

  LossAndAccuracy validate() const {
    std::vector<std::int32_t> truth;
    for (const std::int64_t row : validation_.rows) {
      truth.push_back(validation_.labels[static_cast<std::size_t>(row)]);
    }
    return loss_and_accuracy(infer_rows(graph_, weights_, *validation_.features, validation_.rows, backend_),
                             truth);
  }

  void keep_best(const EpochRecord& record) {
    const double value = monitored(record, history_.monitor);
    const double sign = falls(history_.monitor) ? -1.0 : 1.0;
    const double min_delta = options_.early_stopping ? options_.early_stopping->min_delta : 0.0;
    if (history_.best_epoch == 0 || sign * (value - best_value_) > min_delta) {
      history_.best_epoch = record.epoch;
      best_value_ = value;
      best_ = weights_;  // shared until the next epoch is stored
    } else if (options_.early_stopping) {
      history_.stopped_early = record.epoch - history_.best_epoch >= options_.early_stopping->patience;
    }
  }

  void choose_weights() {
    const bool best = options_.early_stopping || history_.interrupted;
    if (best && history_.best_epoch > 0) {
      weights_ = best_;
      history_.weights_epoch = history_.best_epoch;
    } else if (!history_.epochs.empty()) {
      history_.weights_epoch = history_.epochs.back().epoch;
    } else {
      plan_.store(weights_);
    }
  }

  const Graph& graph_;
  Weights& weights_;
  const Samples& train_;
  const Samples& validation_;
  std::shared_ptr<const Backend> backend_;
  const FitOptions& options_;
  std::int64_t classes_;
  std::int64_t batch_;
  TrainingPlan plan_;
  std::vector<std::int32_t> targets_;
  std::vector<float> sample_weights_;
  std::vector<std::uint32_t> sample_ids_;
  History history_;
  Weights best_;
  double best_value_ = 0;
};

}  // namespace

History fit(const Graph& graph, Weights& weights, const Samples& train, const Samples& validation,
            std::shared_ptr<const Backend> backend, const FitOptions& options) {
  const std::int64_t classes = classes_of(graph);
  require_options(options, classes);
  if (train.size() == 0) throw Error("training", "there is no photo to train on");
  require_samples(train, input_width(graph), classes);
  if (validation.size() > 0) require_samples(validation, input_width(graph), classes);
  return Fitting(graph, weights, train, validation, std::move(backend), options).run();
}

std::vector<float> balanced_class_weights(const Samples& samples, std::int64_t classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes), 0);
  for (const std::int64_t row : samples.rows) {
    ++counts[static_cast<std::size_t>(samples.labels[static_cast<std::size_t>(row)])];
  }
  std::vector<float> weights(counts.size(), 1.0f);
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) {
      weights[c] =
          static_cast<float>(static_cast<double>(samples.size()) / static_cast<double>(classes * counts[c]));
    }
  }
  return weights;
}

}  // namespace petal
