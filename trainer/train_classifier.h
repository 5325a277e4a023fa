#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/optimizer.h"
#include "trainer/features.h"
#include "trainer/fit.h"
#include "trainer/run_folder.h"

namespace petal {

// A transfer-learning job, as `petal train` is asked for it.
struct TransferOptions {
  std::filesystem::path data;
  std::string model = "mobilenet_v2";
  std::filesystem::path weights;  // Keras's, of the base; empty: random
  std::filesystem::path out;      // the run folder; empty: nothing is written
  bool force = false;             // replace an earlier run there

  std::int64_t image_size = 0;  // 0: the architecture's default
  float alpha = 1.0f;
  std::vector<std::int64_t> hidden;  // units of relu layers before the last
  float dropout = 0.2f;

  int epochs = 30;
  std::int64_t batch_size = 32;
  std::string optimizer = "adam";
  std::optional<float> learning_rate;  // nothing: the optimiser's default
  bool balanced_class_weights = false;
  std::optional<EarlyStopping> early_stopping;
  std::uint64_t seed = 1;

  std::string split = "stratified";  // or "hash", "keras"
  double validation_split = 0.1;
  double test_split = 0.1;

  bool apply_exif_orientation = true;
  bool strict = false;                                                  // an undecodable photo is an Error
  std::optional<std::filesystem::path> cache = default_cache_folder();  // nothing: no cache
  int threads = 0;                       // 0: the cores that this process may run on
  Precision precision = Precision::f32;  // of the frozen base; the head is trained in f32
  std::optional<double> assert_accuracy;
};

// Who is told of the job as it goes, and how it is stopped.
struct TransferEvents {
  std::function<void(const std::string& line)> info;     // a stage begins or ends, in a sentence
  std::function<void(const std::string& line)> warning;  // skipped photos, a damaged cache, a random base
  PhotoProgress photos;
  std::vector<FitCallback*> fit;
  const std::atomic<bool>* stop = nullptr;
  ReportWriter write_report;
};

struct TransferResult {
  RunContents run;
  FeatureTally features;
  bool interrupted = false;  // training was stopped; the run holds the best epoch so far
};

// The whole job: scan, split, build, import weights, features of the frozen base (cached), fit the rest,
// evaluate on test (or, where there is none, on validation), write the run folder. Options are checked and
// OUT is looked at before anything costs time. Throws Error; where it does, OUT is as it was, but for
// Error(--assert-accuracy, threshold_missed), which comes after the run has been written. Interrupted before
// one epoch is done: Error(interrupted).
TransferResult train_transfer(const TransferOptions& options, const BackendFactory& backends,
                              const TransferEvents& events = {});

// The options as a JSON object, as options.json holds them.
std::string to_json(const TransferOptions& options);

}  // namespace petal
