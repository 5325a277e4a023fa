#include "trainer/history.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/error.h"

namespace petal {
namespace {

constexpr std::array<std::pair<Monitor, std::string_view>, 4> monitors = {
    {{Monitor::val_loss, "val_loss"},
     {Monitor::val_accuracy, "val_accuracy"},
     {Monitor::loss, "loss"},
     {Monitor::accuracy, "accuracy"}}};

std::string field(const std::optional<double>& value) {
  return value ? fmt::format("{:.9g}", *value) : "";
}

}  // namespace

std::string_view to_string(Monitor monitor) {
  for (const auto& [known, name] : monitors) {
    if (known == monitor) return name;
  }
  return "";
}

Monitor monitor_by_name(std::string_view name) {
  for (const auto& [known, known_name] : monitors) {
    if (known_name == name) return known;
  }
  throw Error("--monitor",
              fmt::format("found '{}', expected val_loss, val_accuracy, loss or accuracy", name));
}

std::string to_csv(const History& history) {
  std::string text = "epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate,seconds_waiting\n";
  for (const EpochRecord& record : history.epochs) {
    text += fmt::format("{},{:.9g},{:.9g},{},{},{:.3f},{:.6g},{:.3f}\n", record.epoch, record.loss,
                        record.accuracy, field(record.val_loss), field(record.val_accuracy), record.seconds,
                        record.learning_rate, record.seconds_waiting);
  }
  return text;
}

}  // namespace petal
