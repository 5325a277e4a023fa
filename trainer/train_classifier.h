#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/layers/parts.h"
#include "engine/optimizer.h"
#include "trainer/feature_cache.h"
#include "trainer/features.h"
#include "trainer/fit.h"
#include "trainer/precision_choice.h"
#include "trainer/run_folder.h"

namespace petal {

// A second phase: the base is trained too, from layer `from` on, its batch norms staying as they are.
struct FineTune {
  std::string from;  // a layer's name
  int epochs = 10;
  std::optional<float> learning_rate{};  // nothing: a hundredth of the first phase's
};

// A training, as `petal train` is asked for it.
struct TrainOptions {
  std::filesystem::path data;
  std::string model = "mobilenet_v2";  // an architecture, or a whole model file, whose base is used
  std::filesystem::path weights;       // Keras's, of the base; empty: random
  std::string
      features;  // of a model file: its layer whose output is learnt from; empty: the last before the head
  std::string preprocessing;  // of a model file that does not bring it, as preprocessing_by_name reads it
  std::filesystem::path out;  // the run folder; empty: nothing is written
  bool force = false;         // replace an earlier run there
  bool resume = false;        // go on from the checkpoint of an earlier run there

  std::int64_t image_size = 0;  // 0: the architecture's default
  float alpha = 1.0f;
  std::vector<std::int64_t> hidden;  // units of relu layers before the last
  float dropout = 0.2f;
  std::optional<std::string> augment;  // as models/augmentation.h reads it; nothing: the architecture's
  bool from_scratch = false;           // the base is trained too, from the start
  std::optional<FineTune> fine_tune;

  int epochs = 30;
  std::optional<std::int64_t> batch_size;  // nothing: 32, or all photos where they are fewer
  std::string optimizer = "adam";          // as optimizer_by_name reads it
  std::optional<float> learning_rate;      // nothing: the optimiser's default
  std::string schedule;                    // as learning_rate_by_name reads it; empty: constant
  GradientClipping clipping;
  Regularizer regularizer;                        // of the kernels that are trained
  std::string loss = "categorical_crossentropy";  // or "binary_crossentropy"
  float label_smoothing = 0.0f;
  bool balanced_class_weights = false;
  std::optional<EarlyStopping> early_stopping;
  std::optional<ReduceOnPlateau> reduce_on_plateau;
  std::uint64_t seed = 1;
  double checkpoint_seconds = 30;  // between two checkpoints, at least

  std::string split = "stratified";  // or "hash", "keras"
  double validation_split = 0.1;
  double test_split = 0.1;

  bool apply_exif_orientation = true;
  bool fast_decode = false;  // as DecodeOptions::fast; the model keeps it
  bool strict = false;       // an undecodable photo is an Error
  std::optional<std::filesystem::path> cache = default_cache_folder();  // nothing: no cache
  std::int64_t memory_budget = 2'000'000'000;  // bytes of pixels or features that may be kept
  int threads = 0;                             // 0: the cores that this process may run on
  bool profile = false;                        // tell where the time of the steps went
  PrecisionRequest precision{};                // of features and steps; what is learnt is float32 always
  std::optional<double> assert_accuracy;

  // How the backends of the factory were asked for, for the record: nothing else here reads them.
  std::string device = "cpu";
  bool tensor_float32 = false;
  bool deterministic = false;
  bool autotune = false;
  std::uint64_t gpu_memory = 0;  // bytes; 0: no bound
};

// Who is told of the job as it goes, and how it is stopped.
struct TrainEvents {
  std::function<void(const std::string& line)> info;     // a stage begins or ends, in a sentence
  std::function<void(const std::string& line)> warning;  // skipped photos, a damaged cache, a random base
  PhotoProgress photos;
  std::vector<FitCallback*> fit;
  const std::atomic<bool>* stop = nullptr;
  ReportWriter write_report;
  std::function<void(const Profile&)> profile;  // of the training steps, with TrainOptions::profile
};

struct TrainResult {
  RunContents run;
  FeatureTally features;
  bool interrupted = false;  // training was stopped; the run holds the best epoch so far
};

// The whole job: scan, split, build, import weights, train the head, or the whole network where it starts
// from scratch, fine-tune, evaluate on test (or, where there is none, on validation), write the run folder.
// Features of an unaugmented frozen base are computed once and cached; with augmentation each step takes the
// photos themselves. Options are checked and OUT is looked at before anything costs time.
//
// While it trains, "OUT.checkpoint/" holds what `resume` needs to go on bit for bit, also after the process
// was killed; at the end it moves into OUT. TensorBoard's train/ and validation/ are in it until then.
// Resumed with other options that would change the numbers: Error that names them; with more epochs training
// goes on.
//
// Throws Error; where it does, OUT is as it was, but for Error(--assert-accuracy, threshold_missed), which
// comes after the run has been written. Interrupted before one epoch is done: Error(interrupted).
TrainResult train_classifier(const TrainOptions& options, const BackendFactory& backends,
                             const TrainEvents& events = {});

// The options as a JSON object, as options.json holds them.
std::string to_json(const TrainOptions& options);

}  // namespace petal
