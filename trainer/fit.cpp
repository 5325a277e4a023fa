#include "trainer/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>

#include "engine/error.h"
#include "engine/random.h"
#include "engine/stopwatch.h"
#include "trainer/fit_options.h"
#include "trainer/learning_rate_control.h"
#include "trainer/targets.h"

namespace petal {
namespace {

// The penalty of the regularisers on the weights as they stand, which Keras's val_loss includes.
double penalty(const Graph& graph, const Weights& weights) {
  double sum = 0;
  for (const WeightDeclaration& declaration : graph.weights()) {
    const auto [l1, l2] = declaration.regularizer;
    if (l1 == 0.0f && l2 == 0.0f) continue;
    for (const float w : weights.at(declaration.name).values()) {
      sum += static_cast<double>(l1 * std::fabs(w) + l2 * w * w);
    }
  }
  return sum;
}

class Fitting {
 public:
  Fitting(const Graph& graph, Weights& weights, Samples& train, Samples* validation,
          std::shared_ptr<const Backend> backend, const FitOptions& options)
      : graph_(graph),
        weights_(weights),
        train_(train),
        validation_(validation),
        backend_(std::move(backend)),
        options_(options),
        targets_(options.loss, outputs_of(graph)),
        batch_(std::min(options.batch_size, train.size())),
        batches_((train.size() + batch_ - 1) / batch_),
        plan_(compile_training(graph, weights, backend_,
                               {.batch = batch_,
                                .precision = options.precision,
                                .loss = options.loss,
                                .optimizer = options.optimizer,
                                .clipping = options.clipping,
                                .pixels = train.are_pixels()})),
        rate_(options, batches_) {
    require_labels(train, targets_.classes());
    if (validation != nullptr) require_labels(*validation, targets_.classes());
    History& history = state_.history;
    history.monitor = options.early_stopping ? options.early_stopping->monitor : Monitor::val_loss;
    if (validation == nullptr) history.monitor = without_validation(history.monitor);
    state_.epoch = options.first_epoch;
    if (options.resume) restore(*options.resume);
    plan_.set_profiling(static_cast<bool>(options.profile));
  }

  History run() {
    since_saved_ = {};
    while (state_.epoch <= options_.epochs && !state_.history.stopped_early) {
      if (stopped() || !run_epoch()) {
        state_.history.interrupted = true;
        break;
      }
    }
    if (options_.save) save();
    choose_weights();
    for (FitCallback* callback : options_.callbacks) callback->training_ended(state_.history);
    if (options_.profile) options_.profile(plan_.profile());
    return std::move(state_.history);
  }

 private:
  bool stopped() const { return options_.stop && *options_.stop; }

  void restore(const FitState& state) {
    plan_.restore(state.weights, state.optimizer);
    state_ = state;
    state_.history.interrupted = false;
  }

  // False where the stop flag cut the epoch.
  bool run_epoch() {
    running_ = {};
    for (FitCallback* callback : options_.callbacks) callback->epoch_began(state_.epoch, options_.epochs);
    const std::vector<std::int64_t> order = shuffled();
    const double waited_before = train_.seconds_waited();
    train_.begin({order.begin() + state_.seen, order.end()}, batch_);
    std::span<const std::int64_t> rest = std::span(order).subspan(static_cast<std::size_t>(state_.seen));
    while (state_.batch < batches_) {
      // Steps under way are finished before anything is kept.
      const bool ends_here = stopped() || save_is_due();
      while (!ends_here && !rest.empty() && static_cast<int>(started_.size()) < plan_.steps_at_once()) {
        const std::size_t count = std::min(static_cast<std::size_t>(batch_), rest.size());
        start_batch(rest.first(count));
        rest = rest.subspan(count);
      }
      if (!started_.empty()) {
        finish_batch();
        for (FitCallback* callback : options_.callbacks) callback->batch_ended(progress());
      } else if (stopped()) {
        return false;
      } else {
        save();
      }
    }
    finish_epoch(train_.seconds_waited() - waited_before);
    return true;
  }

  std::vector<std::int64_t> shuffled() const {
    std::vector<std::int64_t> order(static_cast<std::size_t>(train_.size()));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    const RandomStream random(options_.seed, RandomPurpose::shuffle,
                              static_cast<std::uint32_t>(state_.epoch));
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1],
                order[random.below(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i))]);
    }
    return order;
  }

  BatchProgress progress() const {
    const auto seen = static_cast<double>(std::max<std::int64_t>(1, state_.seen));
    return {.epoch = state_.epoch,
            .epochs = options_.epochs,
            .batch = state_.batch,
            .batches = batches_,
            .loss = state_.loss / seen,
            .accuracy = static_cast<double>(state_.correct) / seen};
  }

  // One step. What it comes to is seen by finish_batch, a step later on a device.
  void start_batch(std::span<const std::int64_t> samples) {
    Started& step = started_.emplace_back(Started{samples, {}});
    sample_weights_.clear();
    identities_.clear();
    for (const std::int64_t sample : samples) {
      step.labels.push_back(train_.labels()[static_cast<std::size_t>(sample)]);
      const auto label = static_cast<std::size_t>(step.labels.back());
      if (!options_.class_weights.empty()) sample_weights_.push_back(options_.class_weights[label]);
      identities_.push_back(train_.identity(sample));
    }
    plan_.start(
        {.source = &train_.next(),
         .count = static_cast<std::int64_t>(samples.size()),
         .targets = targets_.write(step.labels),
         .sample_weights = sample_weights_},
        {.seed = options_.seed, .epoch = static_cast<std::uint32_t>(state_.epoch), .samples = identities_});
    plan_.update(rate_.rate(state_, static_cast<std::int64_t>(started_.size()) - 1));
  }

  void finish_batch() {
    const Started step = std::move(started_.front());
    started_.pop_front();
    const double loss = plan_.finish();
    if (!std::isfinite(loss)) throw_not_finite(step.samples, loss);
    const auto count = static_cast<std::int64_t>(step.samples.size());
    state_.loss += loss * static_cast<double>(count);
    state_.correct += targets_.count_correct(plan_.predictions(), step.labels);
    state_.seen += count;
    ++state_.batch;
    unsaved_ = true;
  }

  [[noreturn]] void throw_not_finite(std::span<const std::int64_t> samples, double loss) {
    const std::string fault = train_.fault(samples);
    const std::string mend = fmt::format(
        "the steps are too large; lower --learning-rate (it is {}) or give --clip-norm", rate_.rate(state_));
    throw Error("training",
                fmt::format("the loss is {} in epoch {}, batch {} of {}: {}", loss, state_.epoch,
                            state_.batch + 1, batches_, fault.empty() ? mend : fault),
                ErrorKind::failure);
  }

  void finish_epoch(double seconds_waiting) {
    EpochRecord record{.epoch = state_.epoch,
                       .loss = progress().loss,
                       .accuracy = progress().accuracy,
                       .learning_rate = static_cast<double>(rate_.rate(state_)),
                       .seconds_waiting = seconds_waiting};
    plan_.store(weights_);
    if (validation_ != nullptr) validate(record);
    record.seconds = state_.seconds + running_.seconds();
    record.ended = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    state_.history.epochs.push_back(record);
    keep_best(record);
    rate_.epoch_ended(record, state_);
    ++state_.epoch;
    state_.batch = state_.correct = state_.seen = 0;
    state_.loss = state_.seconds = 0;
    running_ = {};
    for (FitCallback* callback : options_.callbacks) callback->epoch_ended(record, options_.epochs);
    if (save_is_due()) save();
  }

  void validate(EpochRecord& record) {
    const Tensor probabilities = infer_samples(graph_, weights_, *validation_, backend_);
    const LossAndAccuracy result = targets_.judge(probabilities, validation_->labels(), *backend_);
    if (!std::isfinite(result.loss)) {
      throw Error("training",
                  fmt::format("the validation loss is {} after epoch {}: the steps are too large; lower "
                              "--learning-rate (it is {})",
                              result.loss, record.epoch, rate_.rate(state_)),
                  ErrorKind::failure);
    }
    record.val_loss = result.loss + penalty(graph_, weights_);
    record.val_accuracy = result.accuracy;
  }

  void keep_best(const EpochRecord& record) {
    History& history = state_.history;
    const double min_delta = options_.early_stopping ? options_.early_stopping->min_delta : 0.0;
    const double value = monitored(record, history.monitor);
    const double gain = falls(history.monitor) ? state_.best_value - value : value - state_.best_value;
    if (history.best_epoch == 0 || gain > min_delta) {
      history.best_epoch = record.epoch;
      state_.best_value = value;
      plan_.store(state_.best);
    } else if (options_.early_stopping) {
      history.stopped_early = record.epoch - history.best_epoch >= options_.early_stopping->patience;
    }
  }

  bool save_is_due() const {
    return options_.save && unsaved_ && since_saved_.seconds() >= options_.save_seconds;
  }

  void save() {
    state_.seconds += running_.seconds();
    running_ = {};
    plan_.store(state_.weights);
    state_.optimizer = plan_.optimizer_state();
    options_.save(state_);
    since_saved_ = {};
    unsaved_ = false;
  }

  void choose_weights() {
    History& history = state_.history;
    const bool best = options_.early_stopping || history.interrupted;
    if (best && history.best_epoch > 0) {
      for (const auto& [name, entry] : state_.best.entries()) weights_.share(name, state_.best, name);
      history.weights_epoch = history.best_epoch;
      return;
    }
    plan_.store(weights_);
    history.weights_epoch = history.epochs.empty() ? 0 : history.epochs.back().epoch;
  }

  const Graph& graph_;
  Weights& weights_;
  Samples& train_;
  Samples* validation_;
  std::shared_ptr<const Backend> backend_;
  const FitOptions& options_;
  Targets targets_;
  std::int64_t batch_, batches_;
  TrainingPlan plan_;
  LearningRateControl rate_;
  struct Started {
    std::span<const std::int64_t> samples;  // of the epoch's order
    std::vector<std::int32_t> labels;
  };
  std::deque<Started> started_;  // steps that are not finished
  std::vector<float> sample_weights_;
  std::vector<std::uint32_t> identities_;
  FitState state_;
  Stopwatch running_, since_saved_;
  bool unsaved_ = false;  // whether a step came since
};

}  // namespace

History fit(const Graph& graph, Weights& weights, Samples& train, Samples* validation,
            std::shared_ptr<const Backend> backend, const FitOptions& options) {
  require_fit_options(options, Targets(options.loss, outputs_of(graph)).classes());
  if (train.size() == 0) throw Error("training", "there is no photo to train on");
  if (validation != nullptr && validation->size() == 0) validation = nullptr;
  return Fitting(graph, weights, train, validation, std::move(backend), options).run();
}

History fit(const Graph& graph, Weights& weights, const FeatureRows& train, const FeatureRows& validation,
            std::shared_ptr<const Backend> backend, const FitOptions& options) {
  FeatureSamples train_samples(train, graph), validation_samples(validation, graph);
  return fit(graph, weights, train_samples, &validation_samples, std::move(backend), options);
}

std::vector<float> balanced_class_weights(std::span<const std::int32_t> labels, std::int64_t classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes), 0);
  for (const std::int32_t label : labels) ++counts[static_cast<std::size_t>(label)];
  std::vector<float> weights;
  for (const std::int64_t count : counts) {
    weights.push_back(count == 0 ? 1.0f
                                 : static_cast<float>(labels.size()) / static_cast<float>(classes * count));
  }
  return weights;
}

}  // namespace petal
