#include "trainer/train_classifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/error.h"
#include "engine/learning_rate.h"
#include "engine/stopwatch.h"
#include "io/checkpoint.h"
#include "trainer/tensorboard.h"
#include "trainer/train_options.h"
#include "trainer/training_base.h"
#include "trainer/training_checkpoint.h"
#include "trainer/training_samples.h"

namespace petal {
namespace {

// Adds the time of its own life to a stage.
class StageTimer {
 public:
  explicit StageTimer(double& seconds) : seconds_(seconds) {}
  ~StageTimer() { seconds_ += life_.seconds(); }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  double& seconds_;
  Stopwatch life_;
};

// "OUT.checkpoint", also where OUT was given with a slash at its end.
std::filesystem::path checkpoint_folder(const std::filesystem::path& out) {
  std::filesystem::path folder = std::filesystem::absolute(out).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  folder += ".checkpoint";
  return folder;
}

class Training {
 public:
  Training(const TrainOptions& options, const BackendFactory& backends, const TrainEvents& events)
      : options_(options), backends_(backends), events_(events), base_(options) {
    require_train_options(options, base_);
    if (options.out.empty()) return;
    require_free_run_folder(options.out, options.force || options.resume);
    const TrainingCheckpoint left(checkpoint_folder(options.out), {});
    if (left.exists() && !options.resume && !options.force) {
      throw Error("--out", left.folder().string() +
                               " holds a training that did not end; go on with --resume, or start anew with "
                               "--force");
    }
  }

  TrainResult run() {
    {
      const StageTimer total(seconds().total);
      load();
      train();
      evaluate();
    }
    finish();
    return std::move(result_);
  }

 private:
  StageSeconds& seconds() { return contents().metrics.seconds; }
  RunContents& contents() { return result_.run; }
  Dataset& dataset() { return contents().dataset; }
  Model& model() { return contents().model; }
  Network& network() { return model().network; }
  void info(const std::string& line) const {
    if (events_.info) events_.info(line);
  }
  void warn(const std::string& line) const {
    if (events_.warning) events_.warning(line);
  }

  void load() {
    const StageTimer timer(seconds().load);
    dataset() = load_dataset(options_.data, split_method(options_.split, options_.validation_split,
                                                         options_.test_split, options_.seed));
    info(fmt::format("{} photos of {} classes: {} to train on, {} for validation, {} for test",
                     dataset().folder.photos.size(), dataset().folder.labels.size(),
                     dataset().count(Subset::train), dataset().count(Subset::validation),
                     dataset().count(Subset::test)));
    for (const std::string& note : dataset().notes) info(note);
    if (!dataset().folder.ignored.empty()) {
      warn(fmt::format("{} files are no photos by their names and are passed over, the first: {}",
                       dataset().folder.ignored.size(), dataset().folder.ignored.front()));
    }
    if (options_.fast_decode)
      info("--fast-decode: JPEGs are decoded at a fraction of their size where that is enough");
    build_model();
    samples_.emplace(dataset(), backends_, samples_options());
    find_checkpoint();
  }

  void build_model() {
    model().labels = dataset().folder.labels;
    model().architecture = base_.architecture();
    model().apply_exif_orientation = options_.apply_exif_orientation;
    model().fast_decode = options_.fast_decode;
    network().graph = base_.graph(model().labels.size());
    network().weights = base_.weights(
        network().graph, [this](const std::string& line) { info(line); },
        [this](const std::string& line) { warn(line); });
  }

  TrainingSamplesOptions samples_options() {
    return {.memory_budget = options_.memory_budget,
            .decode = decode_options(options_),
            .strict = options_.strict,
            .cache = options_.cache,
            .threads = options_.threads,
            .precision = options_.precision,
            .has_pretrained_base = base_.is_pretrained() && !base_.has_own_head(),
            .progress = events_.photos,
            .stop = events_.stop,
            .info = [this](const std::string& line) { info(line); },
            .warning = [this](const std::string& line) { warn(line); }};
  }

  void find_checkpoint() {
    if (options_.out.empty()) return;
    auto identity = identity_of(options_, dataset());
    identity["network"] = graph_fingerprint(network().graph);
    checkpoint_.emplace(checkpoint_folder(options_.out), identity);
    if (!options_.resume) return;
    const TrainingCheckpoint of_finished(options_.out / "checkpoint", identity);
    const TrainingCheckpoint& found = checkpoint_->exists() ? *checkpoint_ : of_finished;
    if (!found.exists()) {
      info("nothing to resume: there is no checkpoint of " + options_.out.string() + "; starting anew");
      return;
    }
    resumed_ = found.load();
    info(fmt::format("resuming {} in epoch {}, after {} of its steps",
                     resumed_->phase == 0 ? "training" : "fine-tuning", resumed_->state.epoch,
                     resumed_->state.batch));
  }

  // A small head runs fastest on one thread: a step is over before other threads have woken. The choice
  // depends on the problem alone, so that the number of cores does not change the numbers.
  std::shared_ptr<const Backend> backend() const {
    constexpr std::int64_t worth_threads = 200'000'000;  // operations a step
    const bool small = 3 * samples_->graph().operations() * batch_size() < worth_threads;
    return backends_(small ? 1 : options_.threads);
  }

  std::int64_t batch_size() const {
    return options_.batch_size.value_or(std::min<std::int64_t>(32, samples_->subset(Subset::train).size()));
  }

  void train() {
    if (!resumed_ || resumed_->phase == 0) {
      run_phase(0, {.epochs = options_.epochs, .optimizer = optimizer_of(options_)});
    } else {
      contents().history = resumed_->earlier;
    }
    if (!options_.fine_tune || result_.interrupted) return;
    network().graph = fine_tuned(network().graph, *options_.fine_tune);
    const float head_rate = learning_rate(optimizer_of(options_));
    const float rate = options_.fine_tune->learning_rate.value_or(head_rate / 100.0f);
    const int before = contents().history.epochs.empty() ? 0 : contents().history.epochs.back().epoch;
    info(fmt::format("fine-tuning from {} on, at learning rate {}", options_.fine_tune->from, rate));
    run_phase(1, {.epochs = before + options_.fine_tune->epochs,
                  .first_epoch = before + 1,
                  .optimizer = with_learning_rate(optimizer_of(options_), rate)});
  }

  void run_phase(int phase, FitOptions fit_options) {
    {
      const StageTimer timer(seconds().features);
      samples_->prepare(network());
    }
    const StageTimer timer(seconds().train);
    Samples& train = samples_->subset(Subset::train);
    if (options_.batch_size && *options_.batch_size > train.size()) {
      throw Error("--batch-size", fmt::format("{} is more than the {} photos to train on; give at most {}",
                                              *options_.batch_size, train.size(), train.size()));
    }
    fit_options.batch_size = batch_size();
    fit_options.precision = samples_->precision().precision;
    fit_options.clipping = options_.clipping;
    fit_options.loss = loss_of(options_);
    fit_options.seed = options_.seed;
    fit_options.early_stopping = options_.early_stopping;
    fit_options.reduce_on_plateau = options_.reduce_on_plateau;
    fit_options.callbacks = events_.fit;
    fit_options.stop = events_.stop;
    fit_options.save_seconds = options_.checkpoint_seconds;
    if (options_.profile) fit_options.profile = events_.profile;
    if (options_.balanced_class_weights) {
      fit_options.class_weights =
          balanced_class_weights(train.labels(), static_cast<std::int64_t>(model().labels.size()));
    }
    if (!options_.schedule.empty() && phase == 0) set_schedule(fit_options, train.size());
    const History earlier = contents().history;
    const bool resumed = resumed_ && resumed_->phase == phase;
    std::optional<TensorBoard> tensorboard;
    if (checkpoint_) {
      History done = earlier;
      if (resumed) std::ranges::copy(resumed_->state.history.epochs, std::back_inserter(done.epochs));
      fit_options.callbacks.insert(fit_options.callbacks.begin(),
                                   &tensorboard.emplace(checkpoint_->folder(), std::move(done)));
      fit_options.save = [this, phase, earlier](const FitState& state) {
        checkpoint_->save({.phase = phase, .earlier = earlier, .state = state});
      };
    }
    if (resumed) fit_options.resume = std::move(resumed_->state);
    take(fit(samples_->graph(), network().weights, train, &samples_->subset(Subset::validation), backend(),
             fit_options),
         earlier);
  }

  void set_schedule(FitOptions& fit_options, std::int64_t samples) const {
    const std::int64_t steps = (samples + fit_options.batch_size - 1) / fit_options.batch_size;
    const LearningRate schedule = learning_rate_by_name(
        options_.schedule,
        {.flag = options_.learning_rate, .otherwise = learning_rate(fit_options.optimizer)},
        steps * fit_options.epochs);
    fit_options.schedule = [schedule](std::int64_t step) { return rate(schedule, step); };
  }

  // The history of all phases as one.
  void take(History history, const History& earlier) {
    result_.interrupted = history.interrupted;
    if (history.interrupted && history.weights_epoch == 0 && earlier.epochs.empty()) {
      throw Error("training",
                  checkpoint_ ? "interrupted before one epoch was done; go on with --resume"
                              : "interrupted before one epoch was done; there is nothing to keep",
                  ErrorKind::interrupted);
    }
    history.epochs.insert(history.epochs.begin(), earlier.epochs.begin(), earlier.epochs.end());
    contents().history = std::move(history);
  }

  void evaluate() {
    const StageTimer timer(seconds().evaluate);
    const Subset subset = dataset().evaluated();
    std::vector<Photo> photos;
    const ScoredPhotos scored =
        samples_->are_features() ? score_features(subset, photos) : score(subset, photos);
    std::vector<std::int32_t> truth;
    for (const std::int64_t photo : scored.photos)
      truth.push_back(photos[static_cast<std::size_t>(photo)].label);
    contents().metrics.evaluation = evaluate_predictions(scored.probabilities, truth, model().labels);
    contents().metrics.evaluated_on = to_string(subset);
    contents().predictions =
        predictions(scored, photos, model().labels, static_cast<int>(model().labels.size()));
  }

  // The base's answers are the features, so that only what follows is left to run.
  ScoredPhotos score_features(Subset subset, std::vector<Photo>& photos) {
    photos = dataset().folder.photos;
    return {.probabilities = class_probabilities(
                infer_samples(samples_->graph(), network().weights, samples_->subset(subset), backend())),
            .photos = samples_->photos(subset),
            .skipped = {},
            .warnings = {}};
  }

  ScoredPhotos score(Subset subset, std::vector<Photo>& photos) {
    for (std::size_t i = 0; i < dataset().split.size(); ++i) {
      if (dataset().split[i] == subset) photos.push_back(dataset().folder.photos[i]);
    }
    ScoredPhotos scored =
        score_photos(model(), photos, backends_, {.threads = options_.threads, .strict = options_.strict});
    if (scored.photos.empty()) {
      throw Error(options_.data.string(), "not one of the photos to evaluate on could be decoded");
    }
    if (subset == Subset::test) {
      std::ranges::copy(scored.skipped, std::back_inserter(contents().skipped));
      for (const PhotoMessage& photo : scored.skipped) warn(photo.message + ": skipped");
    }
    return scored;
  }

  void finish() {
    MetricsDocument& metrics = contents().metrics;
    result_.features = samples_->tally();
    std::ranges::copy(samples_->skipped(), std::back_inserter(contents().skipped));
    metrics.peak_memory_bytes = peak_memory_bytes();
    metrics.photos_from_cache = result_.features.from_cache;
    metrics.photos_computed = result_.features.computed;
    metrics.photos_skipped = static_cast<std::int64_t>(contents().skipped.size());
    metrics.epochs = static_cast<int>(contents().history.epochs.size());
    metrics.weights_epoch = contents().history.weights_epoch;
    metrics.interrupted = result_.interrupted;
    metrics.device = backends_(1)->name();
    metrics.precision = samples_->precision();
    contents().options_json = to_json(options_);
    contents().write_report = events_.write_report;
    if (!options_.out.empty()) write_run();
    const double accuracy = metrics.evaluation.accuracy;
    if (options_.assert_accuracy && accuracy < *options_.assert_accuracy && !result_.interrupted) {
      throw Error("--assert-accuracy",
                  fmt::format("the accuracy on {} is {:.4f}, below {:.4f}{}", metrics.evaluated_on, accuracy,
                              *options_.assert_accuracy,
                              options_.out.empty() ? "" : "; the run is in " + options_.out.string()),
                  ErrorKind::threshold_missed);
    }
  }

  void write_run() {
    if (checkpoint_->exists()) contents().checkpoint = checkpoint_->folder();
    write_run_folder(options_.out, options_.force || options_.resume, contents());
  }

  const TrainOptions& options_;
  const BackendFactory& backends_;
  const TrainEvents& events_;
  TrainingBase base_;
  std::optional<TrainingSamples> samples_;
  std::optional<TrainingCheckpoint> checkpoint_;
  std::optional<SavedTraining> resumed_;
  TrainResult result_;
};

}  // namespace

TrainResult train_classifier(const TrainOptions& options, const BackendFactory& backends,
                             const TrainEvents& events) {
  return Training(options, backends, events).run();
}

}  // namespace petal
