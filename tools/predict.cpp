#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tools/commands.h"
#include "tools/device_options.h"
#include "tools/interrupt.h"
#include "tools/source_options.h"
#include "trainer/evaluate.h"

namespace petal {
namespace {

struct PredictArguments {
  ModelSource source;
  std::vector<std::filesystem::path> photos;
  DeviceOptions device;
  std::string precision = "f32";
  int top = 5, threads = 0;
  float min_confidence = 0;
  bool strict = false, json = false, csv = false;
};

// A field of RFC 4180.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// Below the stated confidence the answer is "none of these".
bool is_sure(const PhotoPrediction& prediction, const PredictArguments& a) {
  return !prediction.top.empty() && prediction.top[0].probability >= a.min_confidence;
}

void print_json(const std::vector<PhotoPrediction>& predictions, const std::vector<PhotoMessage>& skipped,
                const PredictArguments& a) {
  nlohmann::ordered_json document = {{"predictions", nlohmann::json::array()},
                                     {"skipped", nlohmann::json::array()}};
  for (const PhotoPrediction& prediction : predictions) {
    nlohmann::ordered_json row = {{"path", prediction.photo.path.string()}, {"sure", is_sure(prediction, a)}};
    for (const ClassScore& score : prediction.top) {
      row["top"].push_back({{"label", score.label}, {"probability", score.probability}});
    }
    document["predictions"].push_back(row);
  }
  for (const PhotoMessage& photo : skipped) {
    document["skipped"].push_back({{"path", photo.photo}, {"message", photo.message}});
  }
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_csv(const std::vector<PhotoPrediction>& predictions) {
  fmt::print("path,label,probability\n");
  for (const PhotoPrediction& prediction : predictions) {
    for (const ClassScore& score : prediction.top) {
      fmt::print("{},{},{:.6g}\n", csv_field(prediction.photo.path.string()), csv_field(score.label),
                 score.probability);
    }
  }
}

void print_text(const std::vector<PhotoPrediction>& predictions, const PredictArguments& a) {
  for (const PhotoPrediction& prediction : predictions) {
    fmt::print("{}{}\n", prediction.photo.path.string(), is_sure(prediction, a) ? "" : ": not sure");
    for (const ClassScore& score : prediction.top)
      fmt::print("  {:.4f}  {}\n", score.probability, score.label);
  }
}

int predict(const PredictArguments& a) {
  if (a.top < 1) throw Error("--top", "takes a number of classes, 1 or more");
  if (a.json && a.csv) throw Error("--csv", "goes without --json");
  const Model model = open_for_photos(a.source);
  std::vector<Photo> photos;
  for (const auto& path : a.photos) {
    for (Photo& photo : list_photos(path)) photos.push_back(std::move(photo));
  }
  PhotoStreamOptions options;
  options.threads = a.threads;
  options.strict = a.strict;
  options.stop = &stop_on_interrupt();
  const BackendFactory backends = backend_factory(a.device);
  const PrecisionChoice precision =
      choose_precision(requested_precision(a.precision, a.device.device), model, photos, backends, options);
  options.precision = precision.precision;
  if (const std::string text = to_text(precision); !text.empty()) fmt::print(stderr, "{}\n", text);
  const ScoredPhotos scored = score_photos(model, photos, backends, options);
  for (const PhotoMessage& photo : scored.skipped) {
    fmt::print(stderr, "warning: {} is left out: {}\n", photo.photo, photo.message);
  }
  const std::vector<PhotoPrediction> result = predictions(scored, photos, model.labels, a.top);
  if (a.json) {
    print_json(result, scored.skipped, a);
  } else if (a.csv) {
    print_csv(result);
  } else {
    print_text(result, a);
  }
  return result.empty() ? 2 : 0;
}

}  // namespace

Command add_predict(CLI::App& app) {
  const auto arguments = std::make_shared<PredictArguments>();
  add_source_options(app, arguments->source);
  app.add_option("IMAGE", arguments->photos, "Photos, or folders of photos")->required();
  app.add_option("--top", arguments->top, "Classes to name for each photo")->capture_default_str();
  app.add_option("--min-confidence", arguments->min_confidence, "Say 'not sure' below this probability");
  add_device_options(app, arguments->device);
  app.add_option("--precision", arguments->precision, "f32, bf16, f16, or auto, as petal train takes it")
      ->capture_default_str();
  app.add_option("--threads", arguments->threads, "[default: the cores at hand]");
  app.add_flag("--strict", arguments->strict, "Stop at the first photo that cannot be decoded");
  app.add_flag("--json", arguments->json, "Print one JSON document");
  app.add_flag("--csv", arguments->csv, "Print path,label,probability lines, the best first");
  return [arguments] { return predict(*arguments); };
}

}  // namespace petal
