#include <nlohmann/json.hpp>

#include "trainer/transfer.h"

namespace petal {
namespace {

using Json = nlohmann::ordered_json;

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

}  // namespace

std::string to_json(const TransferOptions& options) {
  Json json;
  json["data"] = options.data.string();
  json["model"] = options.model;
  json["weights"] = options.weights.string();
  json["image_size"] = options.image_size;
  json["alpha"] = options.alpha;
  json["hidden"] = options.hidden;
  json["dropout"] = options.dropout;
  json["epochs"] = options.epochs;
  json["batch_size"] = options.batch_size;
  json["optimizer"] = options.optimizer;
  json["learning_rate"] = or_null(options.learning_rate);
  json["class_weights"] = options.balanced_class_weights ? Json("balanced") : Json(nullptr);
  json["early_stopping"] = early_stopping_json(options.early_stopping);
  json["seed"] = options.seed;
  json["split"] = options.split;
  json["validation_split"] = options.validation_split;
  json["test_split"] = options.test_split;
  json["exif"] = options.apply_exif_orientation;
  json["strict"] = options.strict;
  json["cache"] = options.cache ? Json(options.cache->string()) : Json(nullptr);
  json["threads"] = options.threads;
  json["precision"] = to_string(options.precision);
  json["assert_accuracy"] = or_null(options.assert_accuracy);
  // A path may be no UTF-8; the document must still be written.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace petal
