#include "trainer/tensorboard.h"

#include <initializer_list>
#include <utility>

#include "engine/error.h"
#include "io/tensorboard/event_file.h"

namespace petal {
namespace {

constexpr const char* train_folder = "train";
constexpr const char* validation_folder = "validation";

}  // namespace

void write_tensorboard(const std::filesystem::path& folder, const History& history) {
  std::vector<ScalarEvent> train, validation;
  for (const EpochRecord& record : history.epochs) {
    train.push_back({.wall_time = record.ended,
                     .step = record.epoch - 1,
                     .scalars = {{"epoch_loss", static_cast<float>(record.loss)},
                                 {"epoch_accuracy", static_cast<float>(record.accuracy)},
                                 {"epoch_learning_rate", static_cast<float>(record.learning_rate)}}});
    if (!record.val_loss || !record.val_accuracy) continue;
    validation.push_back({.wall_time = record.ended,
                          .step = record.epoch - 1,
                          .scalars = {{"epoch_loss", static_cast<float>(*record.val_loss)},
                                      {"epoch_accuracy", static_cast<float>(*record.val_accuracy)}}});
  }
  const double began = history.epochs.empty() ? 0 : history.epochs[0].ended - history.epochs[0].seconds;
  write_event_file(folder / train_folder, began, train);
  write_event_file(folder / validation_folder, began, validation);
}

void remove_tensorboard(const std::filesystem::path& folder) {
  for (const char* name : {train_folder, validation_folder}) {
    std::error_code error;
    std::filesystem::remove_all(folder / name, error);
    if (error)
      throw Error((folder / name).string(), "cannot be removed: " + error.message(), ErrorKind::failure);
  }
}

TensorBoard::TensorBoard(std::filesystem::path folder, History earlier)
    : folder_(std::move(folder)), history_(std::move(earlier)) {}

void TensorBoard::epoch_ended(const EpochRecord& record, int /*epochs*/) {
  history_.epochs.push_back(record);
  write_tensorboard(folder_, history_);
}

}  // namespace petal
