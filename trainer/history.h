#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace petal {

// What early stopping and the choice of the best epoch look at.
enum class Monitor { val_loss, val_accuracy, loss, accuracy };
std::string_view to_string(Monitor monitor);
// Throws Error(--monitor) that lists the known names.
Monitor monitor_by_name(std::string_view name);

// One epoch. loss and accuracy are means over the epoch as training saw it (weights changing, dropout on,
// class weights in the loss), as Keras's; val_* are of the weights at its end, dropout off, unweighted.
struct EpochRecord {
  int epoch = 0;  // from 1
  double loss = 0;
  double accuracy = 0;
  std::optional<double> val_loss{};
  std::optional<double> val_accuracy{};
  double seconds = 0;
  double learning_rate = 0;    // of its last step
  double seconds_waiting = 0;  // of `seconds`: spent waiting for input
  double ended = 0;            // when, in seconds since 1970
};

struct History {
  std::vector<EpochRecord> epochs{};
  Monitor monitor = Monitor::val_loss;
  int best_epoch = 0;     // by the monitor; 0: none was finished
  int weights_epoch = 0;  // whose weights were kept; 0: those of an unfinished epoch
  bool stopped_early = false;
  bool interrupted = false;
};

// epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate,seconds_waiting; empty fields where there
// was no validation.
std::string to_csv(const History& history);

// Where training stands inside an epoch.
struct BatchProgress {
  int epoch = 0, epochs = 0;            // from 1
  std::int64_t batch = 0, batches = 0;  // batches done
  double loss = 0, accuracy = 0;        // means of the epoch so far
};

// Told of training as it goes; called on the training thread.
class FitCallback {
 public:
  virtual ~FitCallback() = default;
  virtual void epoch_began(int /*epoch*/, int /*epochs*/) {}
  virtual void batch_ended(const BatchProgress& /*progress*/) {}
  virtual void epoch_ended(const EpochRecord& /*record*/, int /*epochs*/) {}
  virtual void training_ended(const History& /*history*/) {}
};

}  // namespace petal
