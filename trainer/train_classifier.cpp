#include "trainer/transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "engine/error.h"
#include "io/hdf5/keras_weights.h"
#include "models/registry.h"

namespace petal {
namespace {

// Adds the time of its own life to a stage.
class StageTimer {
 public:
  explicit StageTimer(double& seconds) : seconds_(seconds) {}
  ~StageTimer() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

constexpr std::array<Subset, 3> subsets = {Subset::train, Subset::validation, Subset::test};

class Transfer {
 public:
  Transfer(const TransferOptions& options, const BackendFactory& backends, const TransferEvents& events)
      : options_(options), backends_(backends), events_(events), architecture_(architecture(options.model)) {
    optimizer_ = optimizer_by_name(options.optimizer);
    if (options.learning_rate) {
      if (!(*options.learning_rate > 0)) {
        throw Error("--learning-rate", fmt::format("found {}, expected more than 0", *options.learning_rate));
      }
      optimizer_ = with_learning_rate(optimizer_, *options.learning_rate);
    }
    if (options.epochs < 1)
      throw Error("--epochs", fmt::format("found {}, expected 1 or more", options.epochs));
    if (options.batch_size < 1) {
      throw Error("--batch-size", fmt::format("found {}, expected 1 or more", options.batch_size));
    }
    const double asserted = options.assert_accuracy.value_or(0);
    if (!(asserted >= 0 && asserted <= 1)) {
      throw Error("--assert-accuracy", fmt::format("found {}, expected a share from 0 to 1", asserted));
    }
    if (!options.out.empty()) require_free_run_folder(options.out, options.force);
  }

  TransferResult run() {
    {
      const StageTimer total(seconds().total);
      load();
      extract();
      train();
      evaluate();
    }
    finish();
    return std::move(result_);
  }

 private:
  StageSeconds& seconds() { return result_.run.metrics.seconds; }
  RunContents& contents() { return result_.run; }
  Model& model() { return result_.run.model; }
  void info(const std::string& line) const {
    if (events_.info) events_.info(line);
  }
  void warn(const std::string& line) const {
    if (events_.warning) events_.warning(line);
  }

  void load() {
    const StageTimer timer(seconds().load);
    Dataset& dataset = contents().dataset;
    dataset = load_dataset(options_.data, split_method(options_.split, options_.validation_split,
                                                       options_.test_split, options_.seed));
    info(fmt::format("{} photos of {} classes: {} to train on, {} for validation, {} for test",
                     dataset.folder.photos.size(), dataset.folder.labels.size(), dataset.count(Subset::train),
                     dataset.count(Subset::validation), dataset.count(Subset::test)));
    for (const std::string& note : dataset.notes) info(note);
    if (!dataset.folder.ignored.empty()) {
      warn(fmt::format("{} files are no photos by their names and are passed over, the first: {}",
                       dataset.folder.ignored.size(), dataset.folder.ignored.front()));
    }
    build_model();
  }

  void build_model() {
    model().labels = contents().dataset.folder.labels;
    model().architecture = architecture_.name;
    model().apply_exif_orientation = options_.apply_exif_orientation;
    Network& network = model().network;
    network.graph = transfer_graph(
        architecture_, {.image_size = options_.image_size, .alpha = options_.alpha, .include_top = false},
        Head{.classes = static_cast<std::int64_t>(model().labels.size()),
             .hidden = options_.hidden,
             .dropout = options_.dropout});
    split_ = split_frozen(network.graph);
    if (options_.weights.empty()) {
      network.weights = initialize_untrained_base(network.graph, options_.seed);
      warn(
          "the base starts from random weights, which features are of little use; give it trained ones with "
          "--weights");
    } else {
      // The file fills the base; only the head starts fresh.
      network.weights = initialize(split_.rest, options_.seed);
      ImportOptions import{.exclude_file_layers = architecture_.head_layers, .keep_layers = {}};
      for (const Node& node : network.graph.nodes()) {
        if (node.trainable && !network.graph.weights(node).empty()) import.keep_layers.push_back(node.name);
      }
      const ImportTally tally = load_keras_weights(options_.weights, network.graph, network.weights, import);
      info(options_.weights.filename().string() + ": " + tally.to_string());
    }
  }

  void extract() {
    const StageTimer timer(seconds().features);
    FeatureOptions feature_options;
    PhotoStreamOptions& stream = feature_options.stream;
    stream.threads = options_.threads;
    stream.decode.apply_exif_orientation = options_.apply_exif_orientation;
    stream.precision = options_.precision;
    stream.strict = options_.strict;
    stream.progress = events_.photos;
    stream.stop = events_.stop;
    feature_options.cache = options_.cache;
    features_ =
        extract_features({split_.frozen, model().network.weights}, photos(), backends_, feature_options);
    result_.features = features_.tally;
    contents().skipped = features_.skipped;
    report_features();
    labels_.clear();
    for (std::size_t row = 0; row < features_.photos.size(); ++row) {
      const auto photo = static_cast<std::size_t>(features_.photos[row]);
      labels_.push_back(photos()[photo].label);
      rows_[static_cast<std::size_t>(contents().dataset.split[photo])].push_back(
          static_cast<std::int64_t>(row));
    }
    require_every_class();
  }

  std::span<const Photo> photos() { return contents().dataset.folder.photos; }
  std::span<const std::int64_t> rows(Subset subset) const { return rows_[static_cast<std::size_t>(subset)]; }
  FeatureRows samples(Subset subset) const {
    return {.features = &features_.rows, .labels = labels_, .rows = rows(subset)};
  }

  void report_features() const {
    constexpr std::size_t shown = 20;
    const auto tell = [&](const std::vector<PhotoMessage>& list, std::string_view what) {
      for (std::size_t i = 0; i < std::min(shown, list.size()); ++i) {
        // A decoder's Error begins with the photo's name already.
        const bool named = list[i].message.starts_with(list[i].photo);
        warn(fmt::format("{}{}: {}", named ? "" : list[i].photo + ": ", list[i].message, what));
      }
      if (list.size() > shown) warn(fmt::format("... and {} more photos: {}", list.size() - shown, what));
    };
    tell(features_.skipped, "skipped");
    tell(features_.warnings, "used as it could be decoded");
    for (const std::string& note : features_.cache_notes) warn(note);
    info(fmt::format("features: {} from the cache, {} computed, {} photos skipped",
                     features_.tally.from_cache, features_.tally.computed, features_.tally.skipped));
  }

  // Skipping photos must not quietly leave a class untrained or nothing to judge by.
  void require_every_class() {
    std::vector<std::int64_t> counts(model().labels.size(), 0);
    for (const std::int64_t row : rows(Subset::train)) {
      ++counts[static_cast<std::size_t>(labels_[static_cast<std::size_t>(row)])];
    }
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] == 0) {
        throw Error((options_.data / model().labels[c]).string(),
                    "not one of its photos to train on could be decoded; add photos or take the class away");
      }
    }
    if (rows(contents().dataset.evaluated()).empty()) {
      throw Error(options_.data.string(), "not one of the photos to evaluate on could be decoded");
    }
  }

  // A small head runs fastest on one thread: a step is over before other threads have woken. The choice
  // depends on the problem alone, so that the number of cores does not change the numbers.
  std::shared_ptr<const Backend> head_backend() const {
    constexpr std::int64_t worth_threads = 200'000'000;  // operations a step
    const bool small = 3 * split_.rest.operations() * options_.batch_size < worth_threads;
    return backends_(small ? 1 : options_.threads);
  }

  void train() {
    const StageTimer timer(seconds().train);
    FitOptions fit_options{.epochs = options_.epochs,
                           .batch_size = options_.batch_size,
                           .optimizer = optimizer_,
                           .seed = options_.seed,
                           .early_stopping = options_.early_stopping,
                           .callbacks = events_.fit,
                           .stop = events_.stop};
    if (options_.balanced_class_weights) {
      fit_options.class_weights =
          balanced_class_weights(FeatureSamples(samples(Subset::train), split_.rest).labels(),
                                 static_cast<std::int64_t>(model().labels.size()));
    }
    contents().history = fit(split_.rest, model().network.weights, samples(Subset::train),
                             samples(Subset::validation), head_backend(), fit_options);
    result_.interrupted = contents().history.interrupted;
    if (result_.interrupted && contents().history.weights_epoch == 0) {
      throw Error("training", "interrupted before one epoch was done; there is nothing to keep",
                  ErrorKind::interrupted);
    }
  }

  // The whole model's answers: the base's are the features, so that only the head is left to run.
  void evaluate() {
    const StageTimer timer(seconds().evaluate);
    const Subset subset = contents().dataset.evaluated();
    FeatureSamples evaluated(samples(subset), split_.rest);
    ScoredPhotos scored{
        .probabilities = infer_samples(split_.rest, model().network.weights, evaluated, head_backend()),
        .photos = {},
        .skipped = {},
        .warnings = {}};
    std::vector<std::int32_t> truth;
    for (const std::int64_t row : rows(subset)) {
      scored.photos.push_back(features_.photos[static_cast<std::size_t>(row)]);
      truth.push_back(labels_[static_cast<std::size_t>(row)]);
    }
    contents().metrics.evaluation = evaluate_predictions(scored.probabilities, truth, model().labels);
    contents().metrics.evaluated_on = to_string(subset);
    contents().predictions =
        predictions(scored, photos(), model().labels, static_cast<int>(model().labels.size()));
  }

  void finish() {
    MetricsDocument& metrics = contents().metrics;
    metrics.peak_memory_bytes = peak_memory_bytes();
    metrics.photos_from_cache = result_.features.from_cache;
    metrics.photos_computed = result_.features.computed;
    metrics.photos_skipped = result_.features.skipped;
    metrics.epochs = static_cast<int>(contents().history.epochs.size());
    metrics.weights_epoch = contents().history.weights_epoch;
    metrics.interrupted = result_.interrupted;
    contents().options_json = to_json(options_);
    contents().write_report = events_.write_report;
    if (!options_.out.empty()) write_run_folder(options_.out, options_.force, contents());
    const double accuracy = metrics.evaluation.accuracy;
    if (options_.assert_accuracy && accuracy < *options_.assert_accuracy && !result_.interrupted) {
      throw Error("--assert-accuracy",
                  fmt::format("the accuracy on {} is {:.4f}, below {:.4f}{}", metrics.evaluated_on, accuracy,
                              *options_.assert_accuracy,
                              options_.out.empty() ? "" : "; the run is in " + options_.out.string()),
                  ErrorKind::threshold_missed);
    }
  }

  const TransferOptions& options_;
  const BackendFactory& backends_;
  const TransferEvents& events_;
  const Architecture& architecture_;
  Optimizer optimizer_;
  FrozenSplit split_;
  Features features_;
  std::vector<std::int32_t> labels_;                            // by feature row
  std::array<std::vector<std::int64_t>, subsets.size()> rows_;  // by subset
  TransferResult result_;
};

}  // namespace

TransferResult train_transfer(const TransferOptions& options, const BackendFactory& backends,
                              const TransferEvents& events) {
  return Transfer(options, backends, events).run();
}

}  // namespace petal
