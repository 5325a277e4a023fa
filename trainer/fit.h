#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/optimizer.h"
#include "engine/passes/passes.h"
#include "engine/tensor.h"
#include "trainer/history.h"

namespace petal {

class Backend;

// Rows of a feature matrix with their classes; a view.
struct Samples {
  const Tensor* features = nullptr;        // (m, width): the inputs of the graph, one behind the other
  std::span<const std::int32_t> labels{};  // m, classes by row of `features`
  std::span<const std::int64_t> rows{};    // the rows that take part
  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

struct EarlyStopping {
  Monitor monitor = Monitor::val_loss;  // without validation samples: loss, or accuracy for val_accuracy
  int patience = 5;        // training ends at this many epochs in a row without improvement, 1 or more
  double min_delta = 0.0;  // what counts as improvement, at least
};

struct FitOptions {
  int epochs = 30;
  std::int64_t batch_size = 32;
  Optimizer optimizer = Adam{};
  std::uint64_t seed = 1;              // of shuffling and dropout
  std::vector<float> class_weights{};  // one a class; empty: all 1
  std::optional<EarlyStopping> early_stopping{};
  std::vector<FitCallback*> callbacks{};  // called in order
  const std::atomic<bool>* stop = nullptr;
};

// Trains `graph` (features -> probabilities (C)) by sparse categorical cross-entropy, the trained numbers
// going into `weights`. Samples are shuffled anew each epoch (Fisher-Yates over RandomStream); a short last
// batch is filled with samples of weight 0. The same seed gives the same numbers on the same backend.
//
// At the end the weights are the last epoch's; with early stopping the best epoch's by its monitor. Where the
// stop flag was set, training ends after the running batch, the epoch that it cut is not recorded, and the
// weights are the best epoch's so far (History::interrupted; without a whole epoch: as they stand). Throws
// Error(training) that names epoch, batch and the likely mend where the loss is not finite; Error(--epochs,
// --batch-size) where they are not positive; Error(training) where there are no samples or a label is out of
// range.
History fit(const Graph& graph, Weights& weights, const Samples& train, const Samples& validation,
            std::shared_ptr<const Backend> backend, const FitOptions& options);

// n / (C * n_c) by class, as scikit-learn's "balanced"; a class without samples gets 1.
std::vector<float> balanced_class_weights(const Samples& samples, std::int64_t classes);

// The graph's output for the samples' rows, (samples.size(), C), in inference mode, `batch` at a time.
Tensor infer_rows(const Graph& graph, const Weights& weights, const Tensor& features,
                  std::span<const std::int64_t> rows, std::shared_ptr<const Backend> backend,
                  std::int64_t batch = 64);

}  // namespace petal
