#include "trainer/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace petal {
namespace {

constexpr double redraw_interval = 0.05;
constexpr int bar_width = 20;

std::string bar(std::int64_t done, std::int64_t total) {
  const std::int64_t filled = total > 0 ? bar_width * done / total : bar_width;
  std::string text;
  for (std::int64_t i = 0; i < bar_width; ++i) text += i < filled ? "━" : "─";
  return text;
}

std::string validation(const EpochRecord& record) {
  if (!record.val_loss) return "";
  return fmt::format(" - val_accuracy: {:.4f} - val_loss: {:.4f}", record.val_accuracy.value_or(0),
                     *record.val_loss);
}

// Back to the line's start and all of it blank.
constexpr const char* redraw = "\r\033[K";

}  // namespace

std::string duration(double seconds) {
  if (!(seconds >= 0)) return "?";
  if (seconds < 0.9995) return fmt::format("{:.0f}ms", seconds * 1000);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
}

std::string progress_line(const BatchProgress& progress, double seconds, double seconds_per_step) {
  const std::string total = std::to_string(progress.batches);
  return fmt::format("{:>{}}/{} {} {} {}/step - accuracy: {:.4f} - loss: {:.4f}", progress.batch,
                     total.size(), total, bar(progress.batch, progress.batches), duration(seconds),
                     duration(seconds_per_step), progress.accuracy, progress.loss);
}

ProgressPrinter::ProgressPrinter(std::FILE* out, bool terminal) : out_(out), terminal_(terminal) {}

void ProgressPrinter::epoch_began(int epoch, int epochs) {
  epoch_ = {};
  drawn_ = 0;
  if (terminal_) fmt::print(out_, "Epoch {}/{}\n", epoch, epochs);
}

void ProgressPrinter::batch_ended(const BatchProgress& progress) {
  batches_ = progress.batches;
  if (!terminal_ || steady_seconds() - drawn_ < redraw_interval) return;
  drawn_ = steady_seconds();
  const double per_step = epoch_.seconds() / static_cast<double>(progress.batch);
  const double left = per_step * static_cast<double>(progress.batches - progress.batch);
  fmt::print(out_, "{}{}", redraw, progress_line(progress, left, per_step));
  std::fflush(out_);
}

void ProgressPrinter::epoch_ended(const EpochRecord& record, int epochs) {
  seconds_of_epochs_ += record.seconds;
  const double left = seconds_of_epochs_ / record.epoch * (epochs - record.epoch);
  const std::string remaining = record.epoch < epochs ? " - " + duration(left) + " left" : "";
  if (terminal_) {
    const BatchProgress whole{record.epoch, epochs, batches_, batches_, record.loss, record.accuracy};
    const double per_step = record.seconds / static_cast<double>(std::max<std::int64_t>(1, batches_));
    fmt::print(out_, "{}{}{}{}\n", redraw, progress_line(whole, record.seconds, per_step), validation(record),
               remaining);
  } else {
    fmt::print(out_, "Epoch {}/{} - {} - accuracy: {:.4f} - loss: {:.4f}{}{}\n", record.epoch, epochs,
               duration(record.seconds), record.accuracy, record.loss, validation(record), remaining);
  }
  std::fflush(out_);
}

void ProgressPrinter::training_ended(const History& history) {
  if (history.interrupted && terminal_) fmt::print(out_, "{}", redraw);
  if (history.interrupted && history.weights_epoch > 0) {
    fmt::print(out_, "Interrupted; keeping the weights of epoch {}\n", history.weights_epoch);
  } else if (history.stopped_early) {
    fmt::print(out_, "Stopped early: {} did not improve; keeping the weights of epoch {}\n",
               to_string(history.monitor), history.weights_epoch);
  }
  std::fflush(out_);
}

PhotoProgressPrinter::PhotoProgressPrinter(std::FILE* out, bool terminal, std::string what)
    : out_(out), terminal_(terminal), what_(std::move(what)) {}

void PhotoProgressPrinter::operator()(std::int64_t done, std::int64_t total) {
  const bool last = done >= total;
  if (done < done_) list_ = {};  // another list of photos
  done_ = done;
  if (!last && (!terminal_ || steady_seconds() - drawn_ < redraw_interval)) return;
  drawn_ = steady_seconds();
  const double passed = list_.seconds();
  const double rate = static_cast<double>(done) / std::max(passed, 1e-9);
  const std::string time =
      last ? "in " + duration(passed) : duration(static_cast<double>(total - done) / rate) + " left";
  fmt::print(out_, "{}{}: {}/{} photos, {:.0f} a second, {}{}", terminal_ ? redraw : "", what_, done, total,
             rate, time, last ? "\n" : "");
  std::fflush(out_);
}

}  // namespace petal
