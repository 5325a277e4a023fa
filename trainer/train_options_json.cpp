#include <nlohmann/json.hpp>

#include "trainer/train_classifier.h"

namespace petal {
namespace {

// In floats, whose shortest text is what the user wrote: 0.35, and not the double that is next to it.
using Json = nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, std::int64_t,
                                  std::uint64_t, float>;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json early_stopping_json(const std::optional<EarlyStopping>& stopping) {
  if (!stopping) return nullptr;
  return {{"monitor", to_string(stopping->monitor)},
          {"patience", stopping->patience},
          {"min_delta", stopping->min_delta}};
}

Json fine_tune_json(const std::optional<FineTune>& fine_tune) {
  if (!fine_tune) return nullptr;
  return {{"from", fine_tune->from},
          {"epochs", fine_tune->epochs},
          {"learning_rate", or_null(fine_tune->learning_rate)}};
}

Json reduce_on_plateau_json(const std::optional<ReduceOnPlateau>& plateau) {
  if (!plateau) return nullptr;
  return {{"monitor", to_string(plateau->monitor)},
          {"factor", plateau->factor},
          {"patience", plateau->patience},
          {"min_delta", plateau->min_delta}};
}

}  // namespace

std::string to_json(const TrainOptions& options) {
  Json json;
  json["data"] = options.data.string();
  json["model"] = options.model;
  json["weights"] = options.weights.string();
  json["features"] = options.features;
  json["preprocessing"] = options.preprocessing;
  json["image_size"] = options.image_size;
  json["alpha"] = options.alpha;
  json["hidden"] = options.hidden;
  json["dropout"] = options.dropout;
  json["augment"] = or_null(options.augment);
  json["from_scratch"] = options.from_scratch;
  json["fine_tune"] = fine_tune_json(options.fine_tune);
  json["epochs"] = options.epochs;
  json["batch_size"] = or_null(options.batch_size);
  json["optimizer"] = options.optimizer;
  json["learning_rate"] = or_null(options.learning_rate);
  json["schedule"] = options.schedule.empty() ? Json(nullptr) : Json(options.schedule);
  json["clip_value"] = options.clipping.value;
  json["clip_norm"] = options.clipping.norm;
  json["clip_global_norm"] = options.clipping.global_norm;
  json["l1"] = options.regularizer.l1;
  json["l2"] = options.regularizer.l2;
  json["loss"] = options.loss;
  json["label_smoothing"] = options.label_smoothing;
  json["class_weights"] = options.balanced_class_weights ? Json("balanced") : Json(nullptr);
  json["early_stopping"] = early_stopping_json(options.early_stopping);
  json["reduce_on_plateau"] = reduce_on_plateau_json(options.reduce_on_plateau);
  json["seed"] = options.seed;
  json["split"] = options.split;
  json["validation_split"] = options.validation_split;
  json["test_split"] = options.test_split;
  json["exif"] = options.apply_exif_orientation;
  json["fast_decode"] = options.fast_decode;
  json["strict"] = options.strict;
  json["cache"] = options.cache ? Json(options.cache->string()) : Json(nullptr);
  json["memory_budget"] = options.memory_budget;
  json["threads"] = options.threads;
  json["precision"] = to_string(options.precision);
  json["device"] = options.device;
  json["tf32"] = options.tensor_float32;
  json["deterministic"] = options.deterministic;
  json["autotune"] = options.autotune;
  json["gpu_memory"] = options.gpu_memory == 0 ? Json(nullptr) : Json(options.gpu_memory);
  json["assert_accuracy"] = or_null(options.assert_accuracy);
  // A path may be no UTF-8; the document must still be written.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace petal
