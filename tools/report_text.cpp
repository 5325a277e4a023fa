#include "tools/report_text.h"

#include <fmt/format.h>

#include <algorithm>

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
