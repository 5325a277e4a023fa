#include <nlohmann/json.hpp>

#include "trainer/metrics.h"

namespace petal {
namespace {

using Json = nlohmann::ordered_json;

Json classes_json(const Evaluation& evaluation) {
  Json classes = Json::object();
  for (const ClassMetrics& c : evaluation.per_class) {
    classes[c.label] = {{"precision", c.precision},
                        {"recall", c.recall},
                        {"f1", c.f1},
                        {"log_loss", c.log_loss},
                        {"support", c.support}};
  }
  return classes;
}

Json labels_json(const Evaluation& evaluation) {
  Json labels = Json::array();
  for (const ClassMetrics& c : evaluation.per_class) labels.push_back(c.label);
  return labels;
}

Json seconds_json(const StageSeconds& seconds) {
  return {{"load", seconds.load},
          {"features", seconds.features},
          {"train", seconds.train},
          {"evaluate", seconds.evaluate},
          {"total", seconds.total}};
}

Json precision_json(const PrecisionError& error) {
  Json json = {{"photos", error.photos},
               {"median_feature_error", error.median_feature_error},
               {"worst_feature_error", error.worst_feature_error},
               {"changed_classes", error.changed_classes},
               {"is_within_bound", is_within_bound(error)}};
  if (error.f32_accuracy) {
    json["f32_accuracy"] = *error.f32_accuracy;
    json[std::string(to_string(error.half)) + "_accuracy"] = *error.half_accuracy;
  }
  return json;
}

}  // namespace

std::string to_json(const MetricsDocument& document) {
  const Evaluation& evaluation = document.evaluation;
  Json json;
  json["evaluated_on"] = document.evaluated_on;
  json["samples"] = evaluation.samples;
  json["test_accuracy"] = evaluation.accuracy;
  json["macro_accuracy"] = evaluation.macro_accuracy;
  json["log_loss"] = evaluation.log_loss;
  json["log_loss_reduction"] = evaluation.log_loss_reduction;
  json["top_k_accuracy"] = evaluation.top_k_accuracy;
  json["top_k"] = evaluation.top_k;
  json["labels"] = labels_json(evaluation);
  json["confusion_matrix"] = evaluation.confusion_matrix;
  json["per_class"] = classes_json(evaluation);
  json["seconds"] = seconds_json(document.seconds);
  json["peak_memory_bytes"] = document.peak_memory_bytes;
  json["photos"] = {{"from_cache", document.photos_from_cache},
                    {"computed", document.photos_computed},
                    {"skipped", document.photos_skipped}};
  json["epochs"] = document.epochs;
  json["weights_epoch"] = document.weights_epoch;
  json["interrupted"] = document.interrupted;
  json["device"] = document.device;
  json["precision"] = to_string(document.precision.precision);
  if (document.precision.bf16_speed) json["bf16_speed"] = *document.precision.bf16_speed;
  if (document.precision.error) json["precision_error"] = precision_json(*document.precision.error);
  // A folder's name may be no UTF-8; the document must still be written.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace petal
