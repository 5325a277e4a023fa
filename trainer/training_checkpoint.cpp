#include "trainer/training_checkpoint.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/checkpoint.h"

namespace petal {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t columns = 9;

// A row an epoch; what an epoch lacks is NaN.
Tensor epochs_table(const History& history) {
  Tensor table(Shape{static_cast<std::int64_t>(history.epochs.size()), columns}, DataType::f64);
  double* dst = table.values<double>().data();
  for (const EpochRecord& r : history.epochs) {
    for (const double value :
         {static_cast<double>(r.epoch), r.loss, r.accuracy, r.val_loss.value_or(nothing),
          r.val_accuracy.value_or(nothing), r.seconds, r.learning_rate, r.seconds_waiting, r.ended}) {
      *dst++ = value;
    }
  }
  return table;
}

std::vector<EpochRecord> epochs_of(const Tensor& table) {
  if (table.shape().rank() != 2 || table.shape()[1] != columns) {
    throw Error("checkpoint", fmt::format("its table of epochs is {}, not (epochs, {}): it is of another "
                                          "Petal; resume with the Petal that wrote it",
                                          table.shape().to_string(), columns));
  }
  const auto present = [](double value) { return std::isnan(value) ? std::nullopt : std::optional(value); };
  std::vector<EpochRecord> epochs;
  const auto values = table.values<double>();
  for (std::size_t i = 0; i + columns <= values.size(); i += columns) {
    const double* row = values.data() + i;
    epochs.push_back({.epoch = static_cast<int>(row[0]),
                      .loss = row[1],
                      .accuracy = row[2],
                      .val_loss = present(row[3]),
                      .val_accuracy = present(row[4]),
                      .seconds = row[5],
                      .learning_rate = row[6],
                      .seconds_waiting = row[7],
                      .ended = row[8]});
  }
  return epochs;
}

void add_history(Checkpoint& checkpoint, const std::string& prefix, const History& history) {
  checkpoint.tensors[prefix + "/epochs"] = std::make_shared<const Tensor>(epochs_table(history));
  checkpoint.texts[prefix + "/monitor"] = to_string(history.monitor);
  checkpoint.integers[prefix + "/best_epoch"] = static_cast<std::uint64_t>(history.best_epoch);
  checkpoint.integers[prefix + "/weights_epoch"] = static_cast<std::uint64_t>(history.weights_epoch);
  checkpoint.integers[prefix + "/stopped_early"] = history.stopped_early ? 1 : 0;
}

History history_of(const Checkpoint& checkpoint, const std::string& prefix) {
  return {.epochs = epochs_of(checkpoint.tensor(prefix + "/epochs")),
          .monitor = monitor_by_name(checkpoint.text(prefix + "/monitor")),
          .best_epoch = static_cast<int>(checkpoint.integer(prefix + "/best_epoch")),
          .weights_epoch = static_cast<int>(checkpoint.integer(prefix + "/weights_epoch")),
          .stopped_early = checkpoint.integer(prefix + "/stopped_early") != 0};
}

std::string slot_prefix(std::size_t slot) {
  return fmt::format("slot {}/", slot);
}

void add_slots(Checkpoint& checkpoint, const OptimizerState& optimizer) {
  checkpoint.integers["optimizer/step"] = static_cast<std::uint64_t>(optimizer.step);
  if (optimizer.loss_scale > 0) {
    checkpoint.numbers["optimizer/loss_scale"] = static_cast<double>(optimizer.loss_scale);
    checkpoint.integers["optimizer/finite_steps"] = static_cast<std::uint64_t>(optimizer.finite_steps);
  }
  for (const auto& [name, slots] : optimizer.slots) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      checkpoint.tensors[slot_prefix(i) + name] = std::make_shared<const Tensor>(slots[i]);
    }
  }
}

// Calls visit(name, tensor) for the tensors below the prefix, in order of their names.
template <class Visit>
void below(const Checkpoint& checkpoint, const std::string& prefix, Visit visit) {
  for (auto found = checkpoint.tensors.lower_bound(prefix);
       found != checkpoint.tensors.end() && found->first.starts_with(prefix); ++found) {
    visit(found->first.substr(prefix.size()), *found->second);
  }
}

Weights stored_weights(const Checkpoint& checkpoint, const std::string& prefix) {
  Weights weights;
  below(checkpoint, prefix + "/", [&](const std::string& name, const Tensor& tensor) {
    const bool statistic = name.ends_with("/moving_mean") || name.ends_with("/moving_variance") ||
                           name.ends_with("/mean") || name.ends_with("/variance") || name.ends_with("/count");
    weights.set(name, tensor, statistic ? Role::statistic : Role::weight);
  });
  return weights;
}

OptimizerState optimizer_of(const Checkpoint& checkpoint, const Weights& weights) {
  OptimizerState state{.step = static_cast<std::int64_t>(checkpoint.integer("optimizer/step"))};
  if (checkpoint.numbers.contains("optimizer/loss_scale")) {
    state.loss_scale = static_cast<float>(checkpoint.number("optimizer/loss_scale"));
    state.finite_steps = static_cast<std::int64_t>(checkpoint.integer("optimizer/finite_steps"));
  }
  for (const auto& [name, entry] : weights.entries()) {
    if (entry.role == Role::weight) state.slots[name];
  }
  const auto slots = static_cast<std::size_t>(checkpoint.integer("optimizer/slots"));
  for (std::size_t i = 0; i < slots; ++i) {
    below(checkpoint, slot_prefix(i),
          [&](const std::string& name, const Tensor& tensor) { state.slots[name].push_back(tensor); });
  }
  return state;
}

}  // namespace

TrainingCheckpoint::TrainingCheckpoint(std::filesystem::path folder,
                                       std::map<std::string, std::string> identity)
    : folder_(std::move(folder)), identity_(std::move(identity)) {}

bool TrainingCheckpoint::exists() const {
  std::error_code error;
  return std::filesystem::exists(file(), error);
}

void TrainingCheckpoint::save(const SavedTraining& saved) const {
  const FitState& state = saved.state;
  Checkpoint checkpoint;
  checkpoint.identity = identity_;
  checkpoint.integers["phase"] = static_cast<std::uint64_t>(saved.phase);
  checkpoint.integers["epoch"] = static_cast<std::uint64_t>(state.epoch);
  checkpoint.integers["batch"] = static_cast<std::uint64_t>(state.batch);
  checkpoint.integers["correct"] = static_cast<std::uint64_t>(state.correct);
  checkpoint.integers["seen"] = static_cast<std::uint64_t>(state.seen);
  checkpoint.integers["plateau epochs"] = static_cast<std::uint64_t>(state.plateau_epochs);
  checkpoint.numbers["loss"] = state.loss;
  checkpoint.numbers["seconds"] = state.seconds;
  checkpoint.numbers["rate factor"] = static_cast<double>(state.rate_factor);
  checkpoint.numbers["best value"] = state.best_value;
  checkpoint.numbers["plateau best"] = state.plateau_best.value_or(nothing);
  add_history(checkpoint, "history", state.history);
  add_history(checkpoint, "earlier", saved.earlier);
  add_weights(checkpoint, "weights", state.weights);
  add_weights(checkpoint, "best", state.best);
  const auto& slots = state.optimizer.slots;
  checkpoint.integers["optimizer/slots"] = slots.empty() ? 0 : slots.begin()->second.size();
  add_slots(checkpoint, state.optimizer);
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) throw Error(folder_.string(), "cannot be made: " + error.message(), ErrorKind::failure);
  write_checkpoint(file(), checkpoint);
  History all = saved.earlier;
  all.epochs.insert(all.epochs.end(), state.history.epochs.begin(), state.history.epochs.end());
  write_atomically(folder_ / "history.csv", to_csv(all));
}

SavedTraining TrainingCheckpoint::load() const {
  const Checkpoint checkpoint = read_checkpoint(file());
  require_identity(file(), checkpoint, identity_);
  const auto integer = [&](const char* name) { return static_cast<std::int64_t>(checkpoint.integer(name)); };
  SavedTraining saved{
      .phase = static_cast<int>(integer("phase")), .earlier = history_of(checkpoint, "earlier"), .state = {}};
  FitState& state = saved.state;
  state.epoch = static_cast<int>(integer("epoch"));
  state.batch = integer("batch");
  state.correct = integer("correct");
  state.seen = integer("seen");
  state.plateau_epochs = static_cast<int>(integer("plateau epochs"));
  state.loss = checkpoint.number("loss");
  state.seconds = checkpoint.number("seconds");
  state.rate_factor = static_cast<float>(checkpoint.number("rate factor"));
  state.best_value = checkpoint.number("best value");
  if (!std::isnan(checkpoint.number("plateau best"))) state.plateau_best = checkpoint.number("plateau best");
  state.history = history_of(checkpoint, "history");
  state.weights = stored_weights(checkpoint, "weights");
  state.best = stored_weights(checkpoint, "best");
  state.optimizer = optimizer_of(checkpoint, state.weights);
  return saved;
}

}  // namespace petal
