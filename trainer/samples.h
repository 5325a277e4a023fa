#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "engine/training_plan.h"

namespace petal {

// Labelled samples that training passes over again and again: feature rows, or photos in memory or on disk.
// For one consumer.
class Samples {
 public:
  virtual ~Samples() = default;
  // One a sample.
  virtual std::span<const std::int32_t> labels() const = 0;
  // What names a sample to the random layers: the same in every epoch, order and run.
  virtual std::uint32_t identity(std::int64_t sample) const = 0;
  // Begins a pass over the samples of `order`, `batch` at a time, so that they can be made ready ahead.
  virtual void begin(std::vector<std::int64_t> order, std::int64_t batch) = 0;
  // The next batch of the pass, for as long as it lasts; waits until it is ready. It holds until the next
  // call.
  virtual const SampleSource& next() = 0;
  // Whether what `next` gives are 8-bit pixels (SampleSource::write_pixels).
  virtual bool are_pixels() const { return false; }
  // Time that next() has spent waiting.
  virtual double seconds_waited() const { return 0; }
  // What is wrong with these samples where a loss on them was not finite; empty: nothing to be seen.
  virtual std::string fault(std::span<const std::int64_t> /*samples*/) const { return {}; }

  std::int64_t size() const { return static_cast<std::int64_t>(labels().size()); }
};

// Rows of a feature matrix with their classes; a view.
struct FeatureRows {
  const Tensor* features = nullptr;        // (m, width): the inputs of the graph, one behind the other
  std::span<const std::int32_t> labels{};  // m, classes by row of `features`
  std::span<const std::int64_t> rows{};    // the rows that take part
  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

// Feature rows as samples for the inputs of `graph`. Throws Error(training) where the matrix does not fit
// them.
class FeatureSamples : public Samples, private SampleSource {
 public:
  FeatureSamples(const FeatureRows& rows, const Graph& graph);

  std::span<const std::int32_t> labels() const override { return labels_; }
  std::uint32_t identity(std::int64_t sample) const override;
  void begin(std::vector<std::int64_t> order, std::int64_t batch) override;
  const SampleSource& next() override;
  std::string fault(std::span<const std::int64_t> samples) const override;

 private:
  void write(std::size_t input, std::int64_t first, std::int64_t count, float* dst) const override;
  std::span<const float> row(std::int64_t sample) const;

  FeatureRows rows_;
  std::vector<std::int32_t> labels_;
  std::vector<std::size_t> widths_, offsets_;  // of each input within a row
  std::vector<std::int64_t> order_;
  std::int64_t batch_ = 1, first_ = 0;
};

// The graph's output for all samples, in their order, (size, C), in inference mode. Where the backend has a
// form for one core, each core runs a plan of its own.
Tensor infer_samples(const Graph& graph, const Weights& weights, Samples& samples,
                     std::shared_ptr<const Backend> backend);

}  // namespace petal
