#include "tools/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace petal {
namespace {

// More columns than this do not fit a terminal; metrics.json and report.html have the whole matrix.
constexpr std::size_t widest_matrix = 12;

std::string class_table(const Evaluation& evaluation, std::size_t width) {
  std::string text = fmt::format("{:{}}  precision  recall     f1  support\n", "class", width);
  for (const ClassMetrics& c : evaluation.per_class) {
    text += fmt::format("{:{}}  {:9.3f}  {:6.3f}  {:5.3f}  {:7}\n", c.label, width, c.precision, c.recall,
                        c.f1, c.support);
  }
  return text;
}

std::string confusion_table(const Evaluation& evaluation, std::size_t width) {
  std::string text = fmt::format("\n{:{}}", "truth \\ predicted", width);
  for (const ClassMetrics& c : evaluation.per_class) text += fmt::format("  {:>10.10}", c.label);
  text += "\n";
  for (std::size_t truth = 0; truth < evaluation.per_class.size(); ++truth) {
    text += fmt::format("{:{}}", evaluation.per_class[truth].label, width);
    for (std::int64_t count : evaluation.confusion_matrix[truth]) text += fmt::format("  {:10}", count);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string profile_text(const Profile& profile) {
  constexpr std::size_t shown = 24;
  std::vector<ProfileEntry> entries = profile.entries;
  std::ranges::sort(entries, std::greater{}, &ProfileEntry::seconds);
  double total = 0;
  for (const ProfileEntry& entry : entries) total += entry.seconds;
  std::string text = fmt::format("{:28} {:18} {:16} {:24} {:>9} {:>7} {:>9}\n", "layer", "kind", "phase",
                                 "implementation", "seconds", "share", "GFLOP/s");
  for (std::size_t i = 0; i < std::min(shown, entries.size()); ++i) {
    const ProfileEntry& e = entries[i];
    const double operations = static_cast<double>(e.operations) * static_cast<double>(e.runs);
    text +=
        fmt::format("{:28.28} {:18.18} {:16} {:24.24} {:9.3f} {:6.1f}% {:9.1f}\n", e.name, e.kind, e.phase,
                    e.implementation, e.seconds, 100 * e.seconds / total, operations / e.seconds / 1e9);
  }
  const auto input = std::ranges::find(entries, "input", &ProfileEntry::kind);
  if (input != entries.end()) {
    text += fmt::format("input: {:.3f} of {:.3f} core seconds went into reading it\n", input->seconds, total);
  }
  return text;
}

std::string evaluation_text(const MetricsDocument& document) {
  const Evaluation& e = document.evaluation;
  std::size_t width = 17;
  for (const ClassMetrics& c : e.per_class) width = std::max(width, c.label.size());
  std::string text = class_table(e, width);
  if (e.per_class.size() <= widest_matrix) text += confusion_table(e, width);
  const StageSeconds& s = document.seconds;
  text += fmt::format(
      "\n{} accuracy {:.4f} on {} photos (by class {:.4f}), log loss {:.4f}, reduced by {:.3f}, top {} "
      "{:.4f}\n",
      document.evaluated_on, e.accuracy, e.samples, e.macro_accuracy, e.log_loss, e.log_loss_reduction,
      e.top_k, e.top_k_accuracy);
  text +=
      fmt::format("{:.2f} s: load {:.2f}, features {:.2f}, train {:.2f}, evaluate {:.2f}; {} MB at most\n",
                  s.total, s.load, s.features, s.train, s.evaluate, document.peak_memory_bytes >> 20);
  return text;
}

}  // namespace petal
