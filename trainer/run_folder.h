#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "engine/model.h"
#include "trainer/dataset.h"
#include "trainer/evaluate.h"
#include "trainer/history.h"
#include "trainer/metrics.h"

namespace petal {

struct RunContents;

// Writes report.html at `file`.
using ReportWriter = std::function<void(const std::filesystem::path& file, const RunContents& run)>;

// All that a run folder tells.
struct RunContents {
  Model model;
  Dataset dataset;
  History history;
  MetricsDocument metrics;
  std::vector<PhotoPrediction>
      predictions;  // of the evaluated subset, every class's score, photo.label the truth
  std::vector<PhotoMessage> skipped;
  std::string options_json;          // what was asked for, a JSON object
  ReportWriter write_report;         // empty: no report
  std::filesystem::path checkpoint;  // a folder that moves into the run as "checkpoint/"; empty: none
};

// Throws Error(--out) unless a run may be written there: nothing is there, or an empty folder, or with
// `force` an earlier run (a folder with metrics.json; any other folder with something in it is never
// replaced).
void require_free_run_folder(const std::filesystem::path& out, bool force);

// Writes model.h5, labels.txt, metrics.json, options.json, history.csv, TensorBoard's train/ and validation/,
// split.csv, predictions.csv, report.html and, where photos were left out, skipped.csv, and moves the
// checkpoint, to "OUT.part" and renames it to OUT: on failure (Error, failure) OUT is what it was before.
// Checks as above first.
void write_run_folder(const std::filesystem::path& out, bool force, const RunContents& run);

// path,label,probability,truth and a column "p(LABEL)" a class; RFC 4180.
std::string predictions_csv(std::span<const PhotoPrediction> predictions,
                            std::span<const std::string> labels);

}  // namespace petal
