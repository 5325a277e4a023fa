#include <cmath>

#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Rows of `size` elements, each normalised by itself: its mean and deviation lie in pairs.
struct Rows {
  Numbers src;
  const float* gamma;  // null for ones
  Index size;
  float* statistics;
  PETAL_BODY float mean(Index row) const { return statistics[2 * row]; }
  PETAL_BODY float deviation(Index row) const { return statistics[2 * row + 1]; }
  PETAL_BODY float normal(Index row, Index i) const {
    return (src[row * size + i] - mean(row)) / deviation(row);
  }
  PETAL_BODY float scale(Index i) const { return gamma ? gamma[i] : 1.0f; }
};

struct TakeStatistics {
  Rows rows;
  float epsilon;
  PETAL_BODY void operator()(Index row) const {
    const Index first = row * rows.size, end = first + rows.size;
    const auto count = static_cast<float>(rows.size);
    float mean = 0.0f, variance = 0.0f;
    for (Index i = first; i < end; ++i) mean += rows.src[i];
    mean /= count;
    for (Index i = first; i < end; ++i) {
      const float centred = rows.src[i] - mean;
      variance += centred * centred;
    }
    rows.statistics[2 * row] = mean;
    rows.statistics[2 * row + 1] = std::sqrt(variance / count + epsilon);
  }
};

struct Normalize {
  Rows rows;
  const float* beta;
  Results dst;
  PETAL_BODY void operator()(Index element) const {
    const Index row = element / rows.size, i = element % rows.size;
    dst[element] = rows.normal(row, i) * rows.scale(i) + (beta ? beta[i] : 0.0f);
  }
};

// With g = diff_dst * gamma and x the normalised src: (g - mean(g) - x * mean(g * x)) / deviation.
struct BackwardRow {
  Rows rows;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index row) const {
    const Index first = row * rows.size;
    const auto count = static_cast<float>(rows.size);
    float mean = 0.0f, product = 0.0f;
    for (Index i = 0; i < rows.size; ++i) {
      const float gradient = diff_dst[first + i] * rows.scale(i);
      mean += gradient;
      product += gradient * rows.normal(row, i);
    }
    mean /= count;
    product /= count;
    for (Index i = 0; i < rows.size; ++i) {
      const float gradient = diff_dst[first + i] * rows.scale(i);
      diff_src[first + i] = (gradient - mean - rows.normal(row, i) * product) / rows.deviation(row);
    }
  }
};

struct WeightTerm {
  Rows rows;
  Numbers diff_dst;
  PETAL_BODY void operator()(Index row, Index i, float* sums) const {
    const float gradient = diff_dst[row * rows.size + i];
    sums[0] += gradient * rows.normal(row, i);
    sums[1] += gradient;
  }
};

struct KeepGradients {
  float *diff_gamma, *diff_beta;  // null: none
  PETAL_BODY void operator()(Index i, const float* sums) const {
    if (diff_gamma) diff_gamma[i] = sums[0];
    if (diff_beta) diff_beta[i] = sums[1];
  }
};

class NormalizedRows {
 public:
  NormalizedRows(const LayerNormalization& layer, const Device& device, const PrepareContext& context)
      : layer_(layer), queue_(device.queue), arrays_(context), weights_(device, context) {
    const Shape& shape = context.dst.shape;
    for (Index i = 0; i < layer.dimensions; ++i)
      size_ *= shape[shape.rank() - 1 - static_cast<std::size_t>(i)];
    split_ = column_split(shape.elements() / size_, size_);
  }

  void forward(const Bindings& b) const {
    const float* beta = layer_.center ? weights_(b, layer_.scale ? 1 : 0) : nullptr;
    for_each(queue_, split_.rows * size_, Normalize{rows(b), beta, arrays_.dst(b)});
  }
  void backward_data(const Bindings& b) const {
    if (!b.diff_src[0]) return;
    for_each(queue_, split_.rows, BackwardRow{rows(b), arrays_.diff_dst(b), arrays_.diff_src(b)});
  }
  void backward_weights(const Bindings& b) const {
    float* diff_gamma = layer_.scale ? as<float>(b.diff_weights[0]) : nullptr;
    float* diff_beta = layer_.center ? as<float>(b.diff_weights[layer_.scale ? 1 : 0]) : nullptr;
    sum_columns<2>(queue_, split_, WeightTerm{rows(b), arrays_.diff_dst(b)},
                   KeepGradients{diff_gamma, diff_beta}, b.scratch + statistics_bytes());
  }
  std::size_t scratch_bytes() const { return statistics_bytes() + partial_sums_bytes(split_, 2); }

 private:
  std::size_t statistics_bytes() const { return 2 * static_cast<std::size_t>(split_.rows) * sizeof(float); }

  // With their statistics, taken anew.
  Rows rows(const Bindings& b) const {
    const Rows rows{arrays_.src(b), layer_.scale ? weights_(b, 0) : nullptr, size_, as<float>(b.scratch)};
    for_each(queue_, split_.rows, TakeStatistics{rows, layer_.epsilon});
    return rows;
  }

  LayerNormalization layer_;
  Queue queue_;
  ValueArrays arrays_;
  WeightArrays weights_;
  Index size_ = 1;
  ColumnSplit split_;
};

}  // namespace

Support supports(const LayerNormalization& layer, Direction direction) {
  if (direction != Direction::backward_weights || layer.scale || layer.center) return {};
  return {false, "it has no weights"};
}

KernelPointer prepare(const LayerNormalization& layer, const Device& device, const PrepareContext& context) {
  const NormalizedRows rows(layer, device, context);
  const KernelFacts facts{.scratch_bytes = rows.scratch_bytes()};
  switch (context.direction) {
    case Direction::backward_data:
      return launches([rows](const Bindings& b) { rows.backward_data(b); }, facts);
    case Direction::backward_weights:
      return launches([rows](const Bindings& b) { rows.backward_weights(b); }, facts);
    case Direction::forward:
      break;
  }
  return launches([rows](const Bindings& b) { rows.forward(b); }, facts);
}

}  // namespace petal::cuda
