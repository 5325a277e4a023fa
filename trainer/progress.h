#pragma once

#include <cstdio>
#include <string>

#include "engine/stopwatch.h"
#include "trainer/history.h"

namespace petal {

// Training as Keras prints it. On a terminal "Epoch 1/10", then a bar that is redrawn in place at most every
// 50 ms, with the time that the epoch still takes while it runs; elsewhere one line an epoch. With the last
// line of each epoch stands what is left of the whole training.
class ProgressPrinter : public FitCallback {
 public:
  explicit ProgressPrinter(std::FILE* out, bool terminal);
  void epoch_began(int epoch, int epochs) override;
  void batch_ended(const BatchProgress& progress) override;
  void epoch_ended(const EpochRecord& record, int epochs) override;
  void training_ended(const History& history) override;

 private:
  std::FILE* out_;
  bool terminal_;
  Stopwatch epoch_;
  double drawn_ = 0;  // when, in steady_seconds()
  std::int64_t batches_ = 0;
  double seconds_of_epochs_ = 0;
};

// "12/100 ━━━━──── 2s 34ms/step - accuracy: 0.1234 - loss: 1.2345": `seconds` is what is left while batch <
// batches, else what the epoch took.
std::string progress_line(const BatchProgress& progress, double seconds, double seconds_per_step);
// "450ms", "12s", "3m05s", "2h07m".
std::string duration(double seconds);

// "  120/600 photos, 85 a second, 6s left", redrawn in place on a terminal; without one nothing but the last.
class PhotoProgressPrinter {
 public:
  PhotoProgressPrinter(std::FILE* out, bool terminal, std::string what);
  void operator()(std::int64_t done, std::int64_t total);

 private:
  std::FILE* out_;
  bool terminal_;
  std::string what_;
  std::int64_t done_ = 0;
  Stopwatch list_;
  double drawn_ = 0;  // when, in steady_seconds()
};

}  // namespace petal
