#include "trainer/precision_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "models/features.h"
#include "trainer/evaluate.h"
#include "trainer/metrics.h"
#include "trainer/precision_speed.h"

namespace petal {
namespace {

using Classes = std::vector<std::int32_t>;

std::vector<Photo> even_sample(std::span<const Photo> photos) {
  const std::size_t count = std::min<std::size_t>(photos.size(), precision_sample);
  std::vector<Photo> sample;
  for (std::size_t i = 0; i < count; ++i) sample.push_back(photos[i * photos.size() / count]);
  return sample;
}

std::span<const float> row_of(const Tensor& rows, std::size_t index) {
  const auto width = static_cast<std::size_t>(rows.shape().back());
  return rows.values<float>().subspan(index * width, width);
}

// The class of each row by the nearest mean of the other rows of a class; -1 where there are none.
Classes nearest_means(const Tensor& rows, const Classes& truth) {
  const std::size_t count = truth.size(), width = static_cast<std::size_t>(rows.shape().back());
  const auto classes = static_cast<std::size_t>(std::max(0, *std::ranges::max_element(truth) + 1));
  std::vector<double> sums(classes * width);
  std::vector<int> members(classes);
  for (std::size_t i = 0; i < count; ++i) {
    if (truth[i] < 0) continue;
    const auto of = static_cast<std::size_t>(truth[i]);
    ++members[of];
    for (std::size_t k = 0; k < width; ++k) sums[of * width + k] += static_cast<double>(row_of(rows, i)[k]);
  }
  Classes nearest(count, -1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<const float> row = row_of(rows, i);
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < classes; ++c) {
      const double self = truth[i] == static_cast<std::int32_t>(c) ? 1 : 0, others = members[c] - self;
      if (others < 1) continue;
      double distance = 0;
      for (std::size_t k = 0; k < width; ++k) {
        const auto value = static_cast<double>(row[k]);
        distance += std::pow((sums[c * width + k] - self * value) / others - value, 2);
      }
      if (distance < least) {
        least = distance;
        nearest[i] = static_cast<std::int32_t>(c);
      }
    }
  }
  return nearest;
}

// Of the columns [0, features) of both.
void compare_features(const Tensor& f32, const Tensor& half, std::size_t features, PrecisionError& error) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < static_cast<std::size_t>(f32.shape()[0]); ++i) {
    double difference = 0, size = 0;
    for (std::size_t k = 0; k < features; ++k) {
      const auto expected = static_cast<double>(row_of(f32, i)[k]);
      difference += std::pow(static_cast<double>(row_of(half, i)[k]) - expected, 2);
      size += expected * expected;
    }
    errors.push_back(difference == 0 ? 0 : std::sqrt(difference / size));
  }
  // What is no number would sort anywhere.
  for (double& one : errors)
    if (std::isnan(one)) one = std::numeric_limits<double>::infinity();
  std::ranges::sort(errors);
  error.photos = static_cast<std::int64_t>(errors.size());
  error.median_feature_error = errors[errors.size() / 2];
  error.worst_feature_error = errors.back();
}

double accuracy(const Classes& found, const Classes& truth) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i < found.size(); ++i) hits += found[i] == truth[i];
  return static_cast<double>(hits) / static_cast<double>(found.size());
}

void compare_classes(const Classes& f32, const Classes& half, const Classes& truth, PrecisionError& error) {
  for (std::size_t i = 0; i < f32.size(); ++i) error.changed_classes += f32[i] != half[i];
  if (std::ranges::count(truth, -1) > 0) return;
  error.f32_accuracy = accuracy(f32, truth);
  error.half_accuracy = accuracy(half, truth);
}

// The sample's rows in both precisions, and its classes.
struct SampleRows {
  Tensor f32, half;
  Classes truth;
};

SampleRows run_sample(const Network& network, Precision half, std::span<const Photo> photos,
                      const BackendFactory& backends, FeatureOptions options) {
  const std::vector<Photo> sample = even_sample(photos);
  options.stream.progress = {};
  const auto rows = [&](Precision precision) {
    options.stream.precision = precision;
    return extract_features(network, sample, backends, options);
  };
  Features in_f32 = rows(Precision::f32), in_half = rows(half);
  Classes truth;
  for (const std::int64_t photo : in_f32.photos)
    truth.push_back(sample[static_cast<std::size_t>(photo)].label);
  return {std::move(in_f32.rows), std::move(in_half.rows), std::move(truth)};
}

// The most probable class of each row by its columns from `first` on.
Classes answers(const Tensor& rows, std::int64_t first) {
  const std::int64_t count = rows.shape()[0], classes = rows.shape().back() - first;
  Tensor outputs(Shape{count, classes});
  for (std::int64_t i = 0; i < count; ++i) {
    std::ranges::copy(row_of(rows, static_cast<std::size_t>(i)).subspan(static_cast<std::size_t>(first)),
                      outputs.values<float>().data() + i * classes);
  }
  const Tensor probabilities = class_probabilities(std::move(outputs));
  Classes found;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    found.push_back(most_probable(row_of(probabilities, i)));
  return found;
}

// Before bf16's error is measured: f32 already where photos are too few, or where bf16 gains too little.
PrecisionChoice choose_by_speed(const PrecisionRequest& request, const Network& network,
                                std::span<const Photo> photos, const BackendFactory& backends) {
  PrecisionChoice choice{.precision = request.precision, .is_automatic = request.is_automatic};
  if (!request.is_automatic || request.precision != Precision::bf16) return choice;
  bool is_worth_it = static_cast<std::int64_t>(photos.size()) >= request.least_photos;
  if (is_worth_it && request.is_timed) {
    choice.bf16_speed = bf16_speed(network, backends);
    is_worth_it = *choice.bf16_speed >= least_bf16_speed;
  }
  if (!is_worth_it) choice.precision = Precision::f32;
  return choice;
}

PrecisionChoice choose_by_error(PrecisionChoice choice, const PrecisionError& error) {
  choice.error = error;
  if (choice.is_automatic && !is_within_bound(error)) choice.precision = Precision::f32;
  return choice;
}

}  // namespace

PrecisionRequest precision_request(const std::string& name, Bfloat16Speed bf16) {
  if (name == "auto")
    return {.precision = bf16 == Bfloat16Speed::slower ? Precision::f32 : Precision::bf16,
            .is_automatic = true,
            .is_timed = bf16 == Bfloat16Speed::depends};
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16}) {
    if (name == to_string(precision)) return {.precision = precision};
  }
  throw Error("--precision", "'" + name + "' is not known; known are auto, f32, bf16, f16");
}

std::string to_string(const PrecisionRequest& request) {
  return request.is_automatic ? "auto" : std::string(to_string(request.precision));
}

PrecisionChoice choose_precision(const PrecisionRequest& request, const Network& base,
                                 std::span<const Photo> photos, const BackendFactory& backends,
                                 const FeatureOptions& options) {
  const PrecisionChoice choice = choose_by_speed(request, base, photos, backends);
  if (choice.precision == Precision::f32) return choice;
  const SampleRows rows = run_sample(base, request.precision, photos, backends, options);
  PrecisionError error{.half = request.precision};
  compare_features(rows.f32, rows.half, static_cast<std::size_t>(rows.f32.shape().back()), error);
  compare_classes(nearest_means(rows.f32, rows.truth), nearest_means(rows.half, rows.truth), rows.truth,
                  error);
  return choose_by_error(choice, error);
}

PrecisionChoice choose_precision(const PrecisionRequest& request, const Model& model,
                                 std::span<const Photo> photos, const BackendFactory& backends,
                                 const PhotoStreamOptions& options) {
  const PrecisionChoice choice = choose_by_speed(request, model.network, photos, backends);
  if (!choice.is_automatic || choice.precision == Precision::f32) return choice;
  const Graph& graph = model.network.graph;
  const Graph up_to = up_to_features(graph);
  const std::int64_t features = row_width(up_to);
  std::vector<std::string> outputs = {up_to[up_to.outputs()[0]].name};
  const bool has_head = outputs[0] != graph[graph.outputs()[0]].name;
  if (has_head) outputs.push_back(graph[graph.outputs()[0]].name);
  FeatureOptions sample{.stream = options};
  sample.stream.decode.apply_exif_orientation = model.apply_exif_orientation;
  sample.stream.decode.fast = model.fast_decode;
  const SampleRows rows = run_sample({graph.with_outputs(outputs), model.network.weights}, request.precision,
                                     photos, backends, sample);
  PrecisionError error{.half = request.precision};
  compare_features(rows.f32, rows.half, static_cast<std::size_t>(features), error);
  const std::int64_t first = has_head ? features : 0;
  compare_classes(answers(rows.f32, first), answers(rows.half, first), rows.truth, error);
  return choose_by_error(choice, error);
}

}  // namespace petal
