#include "trainer/metrics.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "engine/error.h"

namespace petal {
namespace {

// -ln p as Keras's loss has it.
double loss_of(float probability) {
  return -std::log(std::clamp(static_cast<double>(probability), 1e-7, 1.0 - 1e-7));
}

// How many classes come before `truth` when the most probable comes first and equals keep their order.
int rank_of(std::span<const float> row, std::int32_t truth) {
  const float own = row[static_cast<std::size_t>(truth)];
  int rank = 0;
  for (std::int32_t c = 0; c < static_cast<std::int32_t>(row.size()); ++c) {
    const float other = row[static_cast<std::size_t>(c)];
    if (other > own || (other == own && c < truth)) ++rank;
  }
  return rank;
}

void require_agreement(const Tensor& probabilities, std::span<const std::int32_t> truth,
                       std::span<const std::string> labels) {
  const Shape expected{static_cast<std::int64_t>(truth.size()), static_cast<std::int64_t>(labels.size())};
  if (probabilities.shape() != expected) {
    throw Error("evaluation", "probabilities are " + probabilities.shape().to_string() + ", expected " +
                                  expected.to_string() + " for the photos and labels at hand");
  }
  if (truth.empty()) throw Error("evaluation", "there is no photo to evaluate on");
  for (const std::int32_t label : truth) {
    if (label < 0 || label >= expected[1]) {
      throw Error("evaluation",
                  "class " + std::to_string(label) + " is none of the " + std::to_string(expected[1]));
    }
  }
  for (const float p : probabilities.values<float>()) {
    if (!std::isfinite(p)) {
      throw Error("evaluation", "the model gives a probability that is not finite; its weights are broken",
                  ErrorKind::failure);
    }
  }
}

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0.0;
}

// Precision, recall and F1 from the confusion matrix; log_loss is turned from a sum into a mean.
void finish_class(const std::vector<std::vector<std::int64_t>>& matrix, std::size_t c,
                  ClassMetrics& metrics) {
  std::int64_t predicted = 0;
  for (const std::vector<std::int64_t>& row : matrix) predicted += row[c];
  const double hits = static_cast<double>(matrix[c][c]);
  metrics.precision = ratio(hits, static_cast<double>(predicted));
  metrics.recall = ratio(hits, static_cast<double>(metrics.support));
  metrics.f1 = ratio(2 * metrics.precision * metrics.recall, metrics.precision + metrics.recall);
  metrics.log_loss = ratio(metrics.log_loss, static_cast<double>(metrics.support));
}

// The log loss of always answering the classes' shares: their entropy.
double prior_log_loss(const std::vector<ClassMetrics>& classes, std::int64_t samples) {
  double entropy = 0;
  for (const ClassMetrics& c : classes) {
    const double share = static_cast<double>(c.support) / static_cast<double>(samples);
    if (c.support > 0) entropy -= share * std::log(share);
  }
  return entropy;
}

}  // namespace

std::int32_t most_probable(std::span<const float> row) {
  return static_cast<std::int32_t>(std::ranges::max_element(row) - row.begin());
}

Evaluation evaluate_predictions(const Tensor& probabilities, std::span<const std::int32_t> truth,
                                std::span<const std::string> labels) {
  require_agreement(probabilities, truth, labels);
  const std::size_t classes = labels.size();
  Evaluation result;
  result.samples = static_cast<std::int64_t>(truth.size());
  result.top_k = static_cast<int>(std::min<std::size_t>(5, classes));
  result.confusion_matrix.assign(classes, std::vector<std::int64_t>(classes, 0));
  for (const std::string& label : labels) result.per_class.push_back({.label = label});

  std::int64_t correct = 0, among_top = 0;
  double loss = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto row = probabilities.values<float>().subspan(i * classes, classes);
    const auto true_class = static_cast<std::size_t>(truth[i]);
    ++result.confusion_matrix[true_class][static_cast<std::size_t>(most_probable(row))];
    const int rank = rank_of(row, truth[i]);
    correct += rank == 0;
    among_top += rank < result.top_k;
    loss += loss_of(row[true_class]);
    result.per_class[true_class].log_loss += loss_of(row[true_class]);
    ++result.per_class[true_class].support;
  }

  double recalls = 0;
  int present = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    finish_class(result.confusion_matrix, c, result.per_class[c]);
    recalls += result.per_class[c].recall;
    present += result.per_class[c].support > 0;
  }
  const double samples = static_cast<double>(result.samples);
  result.accuracy = static_cast<double>(correct) / samples;
  result.macro_accuracy = recalls / present;
  result.top_k_accuracy = static_cast<double>(among_top) / samples;
  result.log_loss = loss / samples;
  const double prior = prior_log_loss(result.per_class, result.samples);
  result.log_loss_reduction = present > 1 ? (prior - result.log_loss) / prior : 0.0;
  return result;
}

LossAndAccuracy loss_and_accuracy(const Tensor& probabilities, std::span<const std::int32_t> truth) {
  const auto classes = static_cast<std::size_t>(probabilities.shape().back());
  double loss = 0;
  std::int64_t correct = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto row = probabilities.values<float>().subspan(i * classes, classes);
    loss += loss_of(row[static_cast<std::size_t>(truth[i])]);
    correct += most_probable(row) == truth[i];
  }
  const double samples = static_cast<double>(truth.size());
  return {loss / samples, static_cast<double>(correct) / samples};
}

std::int64_t peak_memory_bytes() {
  // ru_maxrss survives exec: under a large parent it would be the parent's. VmHWM is this program's own.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace petal
