#pragma once

#include <filesystem>

#include "trainer/history.h"

namespace petal {

// Writes a history for TensorBoard into FOLDER/train/ and, where there was validation, FOLDER/validation/, as
// Keras's callback names it: epoch_loss, epoch_accuracy and, of training, epoch_learning_rate by epochs
// counted from 0. Files of an earlier part of this history are gone on with (io/tensorboard/event_file.h).
// Throws Error(file, failure).
void write_tensorboard(const std::filesystem::path& folder, const History& history);

// Removes what write_tensorboard made. Throws Error(folder, failure).
void remove_tensorboard(const std::filesystem::path& folder);

// Does so at the end of each epoch.
class TensorBoard : public FitCallback {
 public:
  // `earlier`: the epochs that come before those of which it will be told.
  TensorBoard(std::filesystem::path folder, History earlier);
  void epoch_ended(const EpochRecord& record, int epochs) override;

 private:
  std::filesystem::path folder_;
  History history_;
};

}  // namespace petal
