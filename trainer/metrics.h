#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "trainer/precision_bound.h"

namespace petal {

struct ClassMetrics {
  std::string label;
  double precision = 0;  // 0 where the class was never predicted
  double recall = 0;     // 0 where it has no samples
  double f1 = 0;         // 0 where precision and recall are
  double log_loss = 0;   // mean over the samples of the class; 0 where it has none
  std::int64_t support = 0;
};

// How good a classifier's probabilities are. The predicted class is the most probable, the first of equals.
struct Evaluation {
  std::int64_t samples = 0;
  double accuracy = 0;        // micro: correct / samples
  double macro_accuracy = 0;  // mean recall of the classes with samples
  double log_loss = 0;        // mean of -ln p(truth), p clipped to [1e-7, 1 - 1e-7] as Keras's loss
  // (prior - log_loss) / prior, the prior being the log loss of always answering the class shares of these
  // samples (ML.NET's LogLossReduction): 1 is perfect, 0 no better than the shares. 0 where all samples are
  // of one class.
  double log_loss_reduction = 0;
  double top_k_accuracy = 0;                                // the truth is among the k most probable
  int top_k = 0;                                            // min(5, classes)
  std::vector<std::vector<std::int64_t>> confusion_matrix;  // [truth][predicted]
  std::vector<ClassMetrics> per_class;
};

// From probabilities (n, C) float32 and the true classes (n). Throws Error(evaluation) where sizes disagree,
// n is 0, a class is out of range or a probability is not finite.
Evaluation evaluate_predictions(const Tensor& probabilities, std::span<const std::int32_t> truth,
                                std::span<const std::string> labels);

// The two numbers that every epoch is judged by; as Evaluation has them, without the rest.
struct LossAndAccuracy {
  double loss = 0;
  double accuracy = 0;
};
// Throws nothing for probabilities that are not finite: the loss is not finite then. n must not be 0.
LossAndAccuracy loss_and_accuracy(const Tensor& probabilities, std::span<const std::int32_t> truth);

// The most probable class of a row, the first of equals.
std::int32_t most_probable(std::span<const float> row);

// Wall-clock seconds of a job's stages.
struct StageSeconds {
  double load = 0;      // scan, split, build the model, read its weights
  double features = 0;  // decode photos and run the frozen base
  double train = 0;
  double evaluate = 0;
  double total = 0;
};

// What `metrics.json` holds, and `evaluate --json` prints.
struct MetricsDocument {
  Evaluation evaluation;
  std::string evaluated_on = "test";  // or "validation", or the folder
  StageSeconds seconds;
  std::int64_t peak_memory_bytes = 0;
  std::int64_t photos_from_cache = 0, photos_computed = 0, photos_skipped = 0;
  int epochs = 0;         // trained
  int weights_epoch = 0;  // whose weights the model has
  bool interrupted = false;
  std::string device = "cpu";   // the backend's name
  PrecisionChoice precision{};  // of features and steps, or of the whole model where it is evaluated
};

// JSON, indented by two blanks, with a newline at its end (metrics_json.cpp).
std::string to_json(const MetricsDocument& document);

// The most memory that this process has held (VmHWM), in bytes.
std::int64_t peak_memory_bytes();

}  // namespace petal
