#include "trainer/evaluate.h"

#include <algorithm>
#include <numeric>

#include "engine/error.h"
#include "trainer/workers.h"

namespace petal {
namespace {

// One output with a score a class: a vector, or an image of one pixel.
std::int64_t class_count(const Graph& graph) {
  const std::string where = "graph '" + graph.name() + "'";
  if (graph.outputs().size() != 1) {
    std::string names;
    for (const int output : graph.outputs())
      names += (names.empty() ? "'" : ", '") + graph[output].name + "'";
    throw Error(where, "gives " + std::to_string(graph.outputs().size()) + " outputs, " + names +
                           "; expected one with a score a class: save the model up to that");
  }
  const Shape& shape = graph[graph.outputs()[0]].shape;
  if (shape.rank() == 0 || shape.elements() != shape.back()) {
    throw Error(where, "gives " + shape.to_string() + ", expected a score a class");
  }
  return shape.back();
}

}  // namespace

ScoredPhotos score_photos(const Model& model, std::span<const Photo> photos, const BackendFactory& backends,
                          const PhotoStreamOptions& options) {
  PhotoStreamOptions stream = options;
  stream.decode.apply_exif_orientation = model.apply_exif_orientation;
  stream.decode.fast = model.fast_decode;
  const auto count = static_cast<std::int64_t>(photos.size());
  if (count <= stream.micro_batch) stream.threads_per_stream = resolve_threads(stream.threads);
  std::vector<std::int64_t> all(photos.size());
  std::iota(all.begin(), all.end(), 0);
  const std::int64_t classes = class_count(model.network.graph);
  Tensor rows(Shape{count, classes});
  const PhotoStreamReport report = run_photos(model.network, photos, all, backends, stream, rows);
  if (report.stopped) {
    throw Error("photos",
                "interrupted after " + std::to_string(report.count(PhotoOutcome::State::decoded)) + " of " +
                    std::to_string(count),
                ErrorKind::interrupted);
  }
  ScoredPhotos scored{.probabilities = Tensor(Shape{report.count(PhotoOutcome::State::decoded), classes}),
                      .photos = {},
                      .skipped = messages(photos, report, PhotoOutcome::State::skipped),
                      .warnings = messages(photos, report, PhotoOutcome::State::decoded)};
  float* dst = scored.probabilities.values<float>().data();
  for (const std::int64_t i : all) {
    if (report.outcomes[static_cast<std::size_t>(i)].state != PhotoOutcome::State::decoded) continue;
    scored.photos.push_back(i);
    dst = std::copy_n(rows.values<float>().data() + i * classes, classes, dst);
  }
  if (model.labels.size() == 2) scored.probabilities = class_probabilities(std::move(scored.probabilities));
  return scored;
}

Tensor class_probabilities(Tensor outputs) {
  if (outputs.shape().back() != 1) return outputs;
  const std::int64_t rows = outputs.shape()[0];
  Tensor both(Shape{rows, 2});
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    both.values()[2 * i + 1] = outputs.values()[i];
    both.values()[2 * i] = 1.0f - outputs.values()[i];
  }
  return both;
}

std::vector<PhotoPrediction> predictions(const ScoredPhotos& scored, std::span<const Photo> photos,
                                         std::span<const std::string> labels, int top) {
  const auto classes = static_cast<std::size_t>(scored.probabilities.shape().back());
  if (!labels.empty() && labels.size() != classes) {
    throw Error("labels", std::to_string(labels.size()) + " labels for a model of " +
                              std::to_string(classes) + " classes; give one label a class, in order");
  }
  const std::size_t kept = std::min(classes, static_cast<std::size_t>(std::max(0, top)));
  std::vector<PhotoPrediction> result;
  std::vector<std::size_t> order(classes);
  for (std::size_t i = 0; i < scored.photos.size(); ++i) {
    const auto row = scored.probabilities.values<float>().subspan(i * classes, classes);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
        [&](std::size_t a, std::size_t b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
    PhotoPrediction prediction{photos[static_cast<std::size_t>(scored.photos[i])], {}};
    for (std::size_t rank = 0; rank < kept; ++rank) {
      const std::size_t c = order[rank];
      prediction.top.push_back({labels.empty() ? "class " + std::to_string(c) : labels[c], row[c]});
    }
    result.push_back(std::move(prediction));
  }
  return result;
}

ImageFolder scan_for(const Model& model, const std::filesystem::path& data) {
  if (model.labels.empty()) {
    throw Error("model",
                "it does not say what its classes are called; give --labels, a file with a label a line");
  }
  ImageFolder folder = scan_folder(data, 1);
  std::vector<int> own;
  for (const std::string& label : folder.labels) {
    const auto found = std::ranges::find(model.labels, label);
    if (found == model.labels.end()) {
      std::string known;
      for (const std::string& name : model.labels) {
        if (known.size() < 200) known += (known.empty() ? "" : ", ") + name;
      }
      throw Error((data / label).string(),
                  "is no class of the model, which knows " + known + (known.size() < 200 ? "" : ", ...") +
                      "; rename or move the folder, or name the folder that holds the classes");
    }
    own.push_back(static_cast<int>(found - model.labels.begin()));
  }
  for (Photo& photo : folder.photos) photo.label = own[static_cast<std::size_t>(photo.label)];
  folder.labels = model.labels;
  return folder;
}

FolderEvaluation evaluate_folder(const Model& model, ImageFolder folder, const BackendFactory& backends,
                                 const PhotoStreamOptions& options) {
  FolderEvaluation result{.evaluation = {}, .folder = std::move(folder), .scored = {}};
  result.scored = score_photos(model, result.folder.photos, backends, options);
  if (result.scored.photos.empty()) {
    throw Error(result.folder.root.string(), "not one of its photos could be decoded; the first: " +
                                                 result.scored.skipped.front().message);
  }
  std::vector<std::int32_t> truth;
  for (const std::int64_t photo : result.scored.photos) {
    truth.push_back(result.folder.photos[static_cast<std::size_t>(photo)].label);
  }
  result.evaluation = evaluate_predictions(result.scored.probabilities, truth, model.labels);
  return result;
}

FolderEvaluation evaluate_folder(const Model& model, const std::filesystem::path& data,
                                 const BackendFactory& backends, const PhotoStreamOptions& options) {
  return evaluate_folder(model, scan_for(model, data), backends, options);
}

}  // namespace petal
