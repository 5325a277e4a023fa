#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "trainer/samples.h"

namespace petal {

FeatureSamples::FeatureSamples(const FeatureRows& rows, const Graph& graph) : rows_(rows) {
  std::size_t width = 0;
  for (const int input : graph.inputs()) {
    offsets_.push_back(width);
    widths_.push_back(static_cast<std::size_t>(graph[input].shape.elements()));
    width += widths_.back();
  }
  const Shape& shape = rows.features->shape();
  const Shape expected{static_cast<std::int64_t>(rows.labels.size()), static_cast<std::int64_t>(width)};
  if (shape != expected) {
    throw Error("training", "features are " + shape.to_string() + ", expected " + expected.to_string());
  }
  for (const std::int64_t row : rows.rows) {
    if (row < 0 || row >= shape[0]) throw Error("training", "there is no feature row " + std::to_string(row));
    labels_.push_back(rows.labels[static_cast<std::size_t>(row)]);
  }
}

std::uint32_t FeatureSamples::identity(std::int64_t sample) const {
  return static_cast<std::uint32_t>(rows_.rows[static_cast<std::size_t>(sample)]);
}

void FeatureSamples::begin(std::vector<std::int64_t> order, std::int64_t batch) {
  order_ = std::move(order);
  batch_ = batch;
  first_ = -batch;
}

const SampleSource& FeatureSamples::next() {
  first_ += batch_;
  return *this;
}

std::span<const float> FeatureSamples::row(std::int64_t sample) const {
  const auto width = static_cast<std::size_t>(rows_.features->shape()[1]);
  const auto number = static_cast<std::size_t>(rows_.rows[static_cast<std::size_t>(sample)]);
  return rows_.features->values().subspan(number * width, width);
}

void FeatureSamples::write(std::size_t input, std::int64_t first, std::int64_t count, float* dst) const {
  for (std::int64_t i = first_ + first; i < first_ + first + count; ++i) {
    const std::span<const float> whole = row(order_[static_cast<std::size_t>(i)]);
    dst = std::ranges::copy(whole.subspan(offsets_[input], widths_[input]), dst).out;
  }
}

std::string FeatureSamples::fault(std::span<const std::int64_t> samples) const {
  for (const std::int64_t sample : samples) {
    if (std::ranges::all_of(row(sample), [](float x) { return std::isfinite(x); })) continue;
    return "the features of a photo are not finite; the weights of the base are broken, or its precision is "
           "too low: try --precision f32";
  }
  return {};
}

}  // namespace petal
