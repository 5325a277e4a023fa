#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "trainer/dataset.h"
#include "trainer/features.h"
#include "trainer/photo_samples.h"
#include "trainer/precision_choice.h"

namespace petal {

struct TrainingSamplesOptions {
  std::int64_t memory_budget = 2'000'000'000;  // bytes of features or pixels that may be kept
  DecodeOptions decode{};
  bool strict = false;
  std::optional<std::filesystem::path> cache{};  // of features; nothing: no cache
  int threads = 0;
  PrecisionRequest precision{};
  bool has_pretrained_base = false;  // whose features tell whether a precision is good enough
  PhotoProgress progress{};
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const std::string&)> info{}, warning{};
};

// The photos of a data set as the samples of a training: features of the network's frozen part, computed once
// and cached, where nothing random stands in front of it, else the photos themselves.
class TrainingSamples {
 public:
  TrainingSamples(const Dataset& dataset, const BackendFactory& backends,
                  const TrainingSamplesOptions& options);

  // Makes them ready for this network, as it stands frozen. Throws Error for a class of which no photo to
  // train on can be decoded, and where nothing is left to evaluate on.
  void prepare(const Network& network);

  // What is to be trained on the samples: the whole graph, or what the frozen part leaves.
  const Graph& graph() const { return graph_; }
  bool are_features() const { return features_.has_value(); }
  Samples& subset(Subset subset) const;
  // Of features alone: the photo of each sample of the subset.
  std::vector<std::int64_t> photos(Subset subset) const;

  const FeatureTally& tally() const { return tally_; }
  // Of the features and of the steps; made by the first `prepare`.
  const PrecisionChoice& precision() const { return precision_; }
  const std::vector<PhotoMessage>& skipped() const { return skipped_; }

 private:
  void use_features(const Network& network, const FrozenSplit& split);
  void use_photos(const Graph& graph);
  FeatureOptions feature_options() const;
  // By the features of a base. A second phase keeps to the first one's choice.
  void choose_precision_by(const Network& base);
  // For steps on photos: by the pretrained base's features, where there is one.
  void choose_precision_of_steps(const Network& network);
  bool keeps_features(const FrozenSplit& split) const;
  void tell(const std::vector<PhotoMessage>& list, std::string_view what) const;
  void require_every_class();

  const Dataset& dataset_;
  const BackendFactory& backends_;
  TrainingSamplesOptions options_;
  Graph graph_;
  std::optional<Features> features_;
  std::vector<std::int32_t> labels_;               // by feature row
  std::array<std::vector<std::int64_t>, 3> rows_;  // by subset
  std::map<Subset, std::unique_ptr<Samples>> subsets_;
  FeatureTally tally_;
  bool chose_precision_ = false;
  PrecisionChoice precision_;
  std::vector<PhotoMessage> skipped_;
};

}  // namespace petal
