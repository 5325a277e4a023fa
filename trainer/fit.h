#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/optimizer.h"
#include "engine/training_plan.h"
#include "trainer/history.h"
#include "trainer/samples.h"

namespace petal {

struct EarlyStopping {
  Monitor monitor = Monitor::val_loss;  // without validation samples: loss, or accuracy for val_accuracy
  int patience = 5;        // training ends at this many epochs in a row without improvement, 1 or more
  double min_delta = 0.0;  // what counts as improvement, at least
};

// Keras's ReduceLROnPlateau: the learning rate is multiplied by `factor` after `patience` epochs in a row in
// which the monitored value did not improve by more than min_delta; never below `minimum`.
struct ReduceOnPlateau {
  Monitor monitor = Monitor::val_loss;
  float factor = 0.1f;
  int patience = 10;
  double min_delta = 1e-4;
  float minimum = 0.0f;
};

// All that a training under way is: fit goes on from it, on the same samples with the same options and as
// many threads, as if it had never stopped, bit for bit. Random numbers need no place in it: they are
// functions of seed, epoch and sample.
struct FitState {
  int epoch = 1;                       // the running one, from 1
  std::int64_t batch = 0;              // steps of it that are done
  double loss = 0;                     // sum over the samples of these steps
  std::int64_t correct = 0, seen = 0;  // likewise
  double seconds = 0;                  // spent on it
  float rate_factor = 1.0f;            // of ReduceOnPlateau
  int plateau_epochs = 0;
  std::optional<double> plateau_best{};
  Weights weights{};  // what is trained
  OptimizerState optimizer{};
  History history{};
  Weights best{};  // of the best epoch; empty before the first is done
  double best_value = 0;
};

struct FitOptions {
  int epochs = 30;      // the number of the last epoch
  int first_epoch = 1;  // more than 1 where another training came before: epochs are numbered on
  std::int64_t batch_size = 32;
  Precision precision = Precision::f32;  // of the steps, as TrainingOptions has it; validation runs in f32
  Optimizer optimizer = Adam{};
  // The learning rate of a step, counted from 0 over the whole training; empty: the optimiser's throughout.
  std::function<float(std::int64_t step)> schedule{};
  GradientClipping clipping{};
  Loss loss{};
  std::uint64_t seed = 1;              // of shuffling and the random layers
  std::vector<float> class_weights{};  // one a class; empty: all 1
  std::optional<EarlyStopping> early_stopping{};
  std::optional<ReduceOnPlateau> reduce_on_plateau{};  // not with a schedule
  std::vector<FitCallback*> callbacks{};               // called in order
  const std::atomic<bool>* stop = nullptr;
  // Called between two steps, where `save_seconds` have gone by since the last time, and at the end, also
  // where training was interrupted.
  std::function<void(const FitState&)> save{};
  double save_seconds = 30;
  std::optional<FitState> resume{};
  // Profiling of the training plan; told of it at the end where given.
  std::function<void(const Profile&)> profile{};
};

// Trains `graph` by the loss against the samples' classes, the trained numbers going into `weights`. A graph
// of one output per sample tells two classes apart: its output is the second's probability. Samples are
// shuffled anew each epoch (Fisher-Yates over RandomStream). The same seed gives the same numbers on the same
// backend with as many threads; a batch is never larger than the samples.
//
// At the end the weights are the last epoch's; with early stopping the best epoch's by its monitor. Where the
// stop flag was set, training ends after the running batch, the epoch that it cut is not recorded, and the
// weights are the best epoch's so far (History::interrupted; without a whole epoch: as they stand). Throws
// Error(training) that names epoch, batch and the likely mend where the loss is not finite; Error(--epochs,
// --batch-size, ...) for options out of range; Error(training) where there are no samples or a label is out
// of range.
History fit(const Graph& graph, Weights& weights, Samples& train, Samples* validation,
            std::shared_ptr<const Backend> backend, const FitOptions& options);
// The same on feature rows.
History fit(const Graph& graph, Weights& weights, const FeatureRows& train, const FeatureRows& validation,
            std::shared_ptr<const Backend> backend, const FitOptions& options);

// n / (C * n_c) by class, as scikit-learn's "balanced"; a class without samples gets 1.
std::vector<float> balanced_class_weights(std::span<const std::int32_t> labels, std::int64_t classes);

}  // namespace petal
