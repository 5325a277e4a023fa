#include "trainer/training_samples.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/error.h"
#include "engine/weights.h"
#include "models/features.h"

namespace petal {
namespace {

// Whether there is more in it than preprocessing, whose weights are its own.
bool has_learned_weights(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [&](const Node& node) {
    const std::vector<WeightDeclaration> weights = graph.weights(node);
    return !weights.empty() && !states_its_weights(weights);
  });
}

}  // namespace

TrainingSamples::TrainingSamples(const Dataset& dataset, const BackendFactory& backends,
                                 const TrainingSamplesOptions& options)
    : dataset_(dataset), backends_(backends), options_(options) {}

// Features pay where the frozen part computes something and they fit into memory.
bool TrainingSamples::keeps_features(const FrozenSplit& split) const {
  if (!has_learned_weights(split.frozen)) return false;
  const auto photos = static_cast<std::int64_t>(dataset_.folder.photos.size());
  return photos * row_width(split.frozen) * static_cast<std::int64_t>(sizeof(float)) <=
         options_.memory_budget;
}

void TrainingSamples::prepare(const Network& network) {
  const FrozenSplit split = split_frozen(network.graph);
  if (keeps_features(split)) {
    use_features(network, split);
  } else {
    choose_precision_of_steps(network);
    use_photos(network.graph);
  }
  require_every_class();
}

void TrainingSamples::use_features(const Network& network, const FrozenSplit& split) {
  subsets_.clear();
  graph_ = split.rest;
  choose_precision_by({split.frozen, network.weights});
  FeatureOptions options = feature_options();
  options.stream.precision = precision_.precision;
  const std::span<const Photo> photos = dataset_.folder.photos;
  features_ = extract_features({split.frozen, network.weights}, photos, backends_, options);
  const bool first = skipped_.empty() && tally_.computed + tally_.from_cache == 0;
  if (first) {
    tell(features_->skipped, "skipped");
    tell(features_->warnings, "used as it could be decoded");
  }
  tally_ = features_->tally;
  skipped_ = features_->skipped;
  for (const std::string& note : features_->cache_notes) options_.warning(note);
  options_.info(fmt::format("features: {} from the cache, {} computed, {} photos skipped", tally_.from_cache,
                            tally_.computed, tally_.skipped));
  labels_.clear();
  for (auto& rows : rows_) rows.clear();
  for (std::size_t row = 0; row < features_->photos.size(); ++row) {
    const auto photo = static_cast<std::size_t>(features_->photos[row]);
    labels_.push_back(photos[photo].label);
    rows_[static_cast<std::size_t>(dataset_.split[photo])].push_back(static_cast<std::int64_t>(row));
  }
  for (const Subset subset : {Subset::train, Subset::validation, Subset::test}) {
    subsets_[subset] = std::make_unique<FeatureSamples>(
        FeatureRows{&features_->rows, labels_, rows_[static_cast<std::size_t>(subset)]}, graph_);
  }
}

FeatureOptions TrainingSamples::feature_options() const {
  return {.stream = {.threads = options_.threads,
                     .decode = options_.decode,
                     .strict = options_.strict,
                     .progress = options_.progress,
                     .stop = options_.stop},
          .cache = options_.cache};
}

void TrainingSamples::choose_precision_by(const Network& base) {
  if (chose_precision_) return;
  precision_ =
      choose_precision(options_.precision, base, dataset_.folder.photos, backends_, feature_options());
  chose_precision_ = true;
  if (const std::string text = to_text(precision_); !text.empty()) options_.info(text);
}

void TrainingSamples::choose_precision_of_steps(const Network& network) {
  if (chose_precision_) return;
  const PrecisionRequest& request = options_.precision;
  if (options_.has_pretrained_base && !request.is_timed) {
    choose_precision_by({up_to_features(network.graph), network.weights});
  } else {
    precision_ = {request.is_timed ? Precision::f32 : request.precision, request.is_automatic};
    chose_precision_ = true;
  }
  if (precision_.is_automatic)
    options_.info(fmt::format("--precision auto: the steps run in {}", to_string(precision_.precision)));
}

void TrainingSamples::use_photos(const Graph& graph) {
  const Shape old = subsets_.empty() || are_features() ? Shape{0} : graph_[graph_.inputs()[0]].shape;
  graph_ = graph;
  const Shape& shape = graph[graph.inputs()[0]].shape;
  if (old == shape) return;  // the photos of the phase before serve again
  features_.reset();
  subsets_.clear();
  skipped_.clear();
  tally_ = {};
  const auto& photos = dataset_.folder.photos;
  PhotoSamplesOptions options{.height = shape[0],
                              .width = shape[1],
                              .decode = options_.decode,
                              .threads = options_.threads,
                              .memory_budget = options_.memory_budget,
                              .strict = options_.strict,
                              .progress = options_.progress,
                              .stop = options_.stop};
  for (const Subset subset : {Subset::train, Subset::validation}) {
    std::vector<std::int64_t> selected;
    for (std::size_t i = 0; i < photos.size(); ++i) {
      if (dataset_.split[i] == subset) selected.push_back(static_cast<std::int64_t>(i));
    }
    auto samples = std::make_unique<PhotoSamples>(photos, selected, options);
    options.memory_budget -= samples->in_memory() ? samples->size() * shape.elements() : 0;
    tell(samples->skipped(), "skipped");
    tell(samples->warnings(), "used as it could be decoded");
    skipped_.insert(skipped_.end(), samples->skipped().begin(), samples->skipped().end());
    tally_.computed += samples->size();
    if (!samples->in_memory() && samples->size() > 0) {
      options_.info(
          fmt::format("{}: {} photos do not fit into the memory budget and are decoded anew in each "
                      "epoch",
                      to_string(subset), samples->size()));
    }
    subsets_[subset] = std::move(samples);
  }
  tally_.skipped = static_cast<std::int64_t>(skipped_.size());
}

Samples& TrainingSamples::subset(Subset subset) const {
  return *subsets_.at(subset);
}

std::vector<std::int64_t> TrainingSamples::photos(Subset subset) const {
  std::vector<std::int64_t> photos;
  for (const std::int64_t row : rows_[static_cast<std::size_t>(subset)]) {
    photos.push_back(features_->photos[static_cast<std::size_t>(row)]);
  }
  return photos;
}

void TrainingSamples::tell(const std::vector<PhotoMessage>& list, std::string_view what) const {
  constexpr std::size_t shown = 20;
  for (std::size_t i = 0; i < std::min(shown, list.size()); ++i) {
    // A decoder's Error begins with the photo's name already.
    const bool named = list[i].message.starts_with(list[i].photo);
    options_.warning(fmt::format("{}{}: {}", named ? "" : list[i].photo + ": ", list[i].message, what));
  }
  if (list.size() > shown)
    options_.warning(fmt::format("... and {} more photos: {}", list.size() - shown, what));
}

// Skipping photos must not quietly leave a class untrained or nothing to judge by.
void TrainingSamples::require_every_class() {
  std::vector<std::int64_t> counts(dataset_.folder.labels.size(), 0);
  for (const std::int32_t label : subset(Subset::train).labels()) ++counts[static_cast<std::size_t>(label)];
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) continue;
    throw Error((dataset_.folder.root / dataset_.folder.labels[c]).string(),
                "not one of its photos to train on could be decoded; add photos or take the class away");
  }
  const Subset evaluated = dataset_.evaluated();
  const auto found = subsets_.find(evaluated);
  if (found != subsets_.end() && found->second->size() == 0) {
    throw Error(dataset_.folder.root.string(), "not one of the photos to evaluate on could be decoded");
  }
}

}  // namespace petal
