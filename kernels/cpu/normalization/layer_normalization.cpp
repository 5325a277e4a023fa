#include <algorithm>
#include <cmath>

#include "kernels/cpu/channel_sums.h"
#include "kernels/cpu/normalization/batch_normalization.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// src as rows of `size` elements, each normalised by itself; and the layer's arrays.
struct LayerRows {
  LayerRows(const LayerNormalization& described, const PrepareContext& context) : layer(described) {
    const Shape& shape = context.dst.shape;
    for (std::int64_t i = 0; i < layer.dimensions; ++i) {
      size *= shape[shape.rank() - 1 - static_cast<std::size_t>(i)];
    }
    rows = shape.elements() / size;
  }

  bool worth_all_threads() const { return rows * size >= worth_threads; }
  template <class Pointer>
  Pointer gamma(std::span<const Pointer> arrays) const {
    return layer.scale ? arrays[0] : nullptr;
  }
  template <class Pointer>
  Pointer beta(std::span<const Pointer> arrays) const {
    return layer.center ? arrays[layer.scale ? 1 : 0] : nullptr;
  }

  LayerNormalization layer;
  std::int64_t size = 1, rows = 0;
};

// Calls f(first element, count, accumulator) for vectors of a row, with four accumulators in turn; returns
// the sum of their lanes.
template <class F>
PETAL_INLINE float sum_vectors(std::int64_t size, const F& f) {
  Floats sums[4] = {};
  std::int64_t i = 0;
  for (; i + 4 * lanes <= size; i += 4 * lanes) {
    for (int v = 0; v < 4; ++v) f(i + v * lanes, lanes, sums[v]);
  }
  for (; i < size; i += lanes) f(i, std::min(lanes, size - i), sums[0]);
  const Floats sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float result = 0;
  for (int lane = 0; lane < lanes; ++lane) result += sum[lane];
  return result;
}

// What a row is normalised with; forward leaves one a row for backward.
struct Moments {
  float mean, inverse_deviation;
};

PETAL_INLINE Moments measure(const float* row, std::int64_t size, float epsilon) {
  const auto count = static_cast<float>(size);
  const float mean = sum_vectors(size,
                                 [&](std::int64_t i, std::int64_t valid, Floats& sum) PETAL_LOOP {
                                   Floats x;
                                   load(row + i, valid, x);
                                   sum += x;
                                 }) /
                     count;
  const float squares = sum_vectors(size, [&](std::int64_t i, std::int64_t valid, Floats& sum) PETAL_LOOP {
    Floats x;
    load(row + i, valid, x);
    x -= mean;
    if (valid < lanes) {  // the lanes beyond the row
      for (std::int64_t lane = valid; lane < lanes; ++lane) x[lane] = 0;
    }
    sum += x * x;
  });
  return {mean, 1.0f / std::sqrt(squares / count + epsilon)};
}

// An own loop: a row stays in cache for its three sweeps.
class LayerNormalizationForward final : public Kernel {
 public:
  LayerNormalizationForward(const LayerNormalization& layer, const PrepareContext& context)
      : rows_(layer, context), weights_(context), kept_(context.mode == Mode::training) {}

  void run(const Bindings& bindings) override {
    const auto weights = weights_(bindings);
    const float *gamma = floats(rows_.gamma(weights)), *beta = floats(rows_.beta(weights));
    auto* kept = reinterpret_cast<Moments*>(kept_ ? bindings.workspace : nullptr);
    const std::int64_t size = rows_.size;
#pragma omp parallel for schedule(static) if (rows_.worth_all_threads())
    for (std::int64_t row = 0; row < rows_.rows; ++row) {
      const float* src = floats(bindings.src[0]) + row * size;
      float* dst = floats(bindings.dst) + row * size;
      run_in_vectors([&]() PETAL_LOOP {
        const Moments moments = measure(src, size, rows_.layer.epsilon);
        if (kept) kept[row] = moments;
        normalize(src, moments, gamma, beta, dst);
      });
    }
  }

  std::size_t workspace_bytes() const override {
    return kept_ ? static_cast<std::size_t>(rows_.rows) * sizeof(Moments) : 0;
  }
  std::string implementation() const override {
    return "loops";
  }
  int in_place_input() const override {
    return kept_ ? -1 : 0;
  }

 private:
  PETAL_INLINE void normalize(const float* src, const Moments& moments, const float* gamma, const float* beta,
                              float* dst) const {
    for (std::int64_t i = 0; i < rows_.size; i += lanes) {
      const std::int64_t valid = std::min(lanes, rows_.size - i);
      Floats x, factor;
      load(src + i, valid, x);
      x = (x - moments.mean) * moments.inverse_deviation;
      if (gamma) {
        load(gamma + i, valid, factor);
        x *= factor;
      }
      if (beta) {
        load(beta + i, valid, factor);
        x += factor;
      }
      store(x, valid, dst + i);
    }
  }

  LayerRows rows_;
  RunWeights weights_;
  bool kept_;  // for backward
};

// With g = diff_dst * gamma and x the normalised src: (g - mean(g) - x * mean(g * x)) / deviation.
class LayerNormalizationBackwardData final : public Kernel {
 public:
  LayerNormalizationBackwardData(const LayerNormalization& layer, const PrepareContext& context)
      : rows_(layer, context), weights_(context) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const float* gamma = floats(rows_.gamma(weights_(bindings)));
    const auto* kept = reinterpret_cast<const Moments*>(bindings.workspace);
    const std::int64_t size = rows_.size;
#pragma omp parallel for schedule(static) if (rows_.worth_all_threads())
    for (std::int64_t row = 0; row < rows_.rows; ++row) {
      const Row of{floats(bindings.src[0]) + row * size, floats(bindings.diff_dst) + row * size, gamma,
                   kept[row], size};
      run_in_vectors([&]() PETAL_LOOP { of.backward(floats(bindings.diff_src[0]) + row * size); });
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  struct Row {
    const float *src, *diff_dst, *gamma;
    Moments moments;
    std::int64_t size;

    // x and g of the vector at i; lanes beyond the row have g = 0.
    PETAL_INLINE void read(std::int64_t i, std::int64_t valid, Floats& x, Floats& g) const {
      load(src + i, valid, x);
      x = (x - moments.mean) * moments.inverse_deviation;
      load(diff_dst + i, valid, g);
      if (gamma) {
        Floats factor;
        load(gamma + i, valid, factor);
        g *= factor;
      }
    }

    PETAL_INLINE void backward(float* diff_src) const {
      const float share = 1.0f / static_cast<float>(size);
      const float mean =
          share * sum_vectors(size, [&](std::int64_t i, std::int64_t valid, Floats& sum) PETAL_LOOP {
            Floats x, g;
            read(i, valid, x, g);
            sum += g;
          });
      const float product =
          share * sum_vectors(size, [&](std::int64_t i, std::int64_t valid, Floats& sum) PETAL_LOOP {
            Floats x, g;
            read(i, valid, x, g);
            sum += g * x;
          });
      for (std::int64_t i = 0; i < size; i += lanes) {
        const std::int64_t valid = std::min(lanes, size - i);
        Floats x, g;
        read(i, valid, x, g);
        g = (g - mean - x * product) * moments.inverse_deviation;
        store(g, valid, diff_src + i);
      }
    }
  };

  LayerRows rows_;
  RunWeights weights_;
};

// The sums over all rows of diff_dst * x and of diff_dst: a chunk of rows on a thread, then chunk by chunk.
class LayerNormalizationBackwardWeights final : public Kernel {
 public:
  LayerNormalizationBackwardWeights(const LayerNormalization& layer, const PrepareContext& context)
      : rows_(layer, context), cut_(rows_.rows, rows_.size) {}

  void run(const Bindings& bindings) override {
    const std::int64_t size = rows_.size;
    auto* all = reinterpret_cast<double*>(bindings.scratch);
#pragma omp parallel for schedule(static) if (rows_.worth_all_threads())
    for (std::int64_t chunk = 0; chunk < cut_.chunks; ++chunk) {
      double* sums = all + chunk * chunk_numbers();
      auto* block = reinterpret_cast<float*>(sums + 2 * size);
      std::fill_n(sums, 2 * size, 0.0);
      cut_.blocks(chunk, [&](std::int64_t first, std::int64_t count) {
        std::fill_n(block, 2 * size, 0.0f);
        run_in_vectors([&]() PETAL_LOOP { sum_block(bindings, first, count, block); });
        for (std::int64_t i = 0; i < 2 * size; ++i) sums[i] += static_cast<double>(block[i]);
      });
    }
    for (std::int64_t chunk = 1; chunk < cut_.chunks; ++chunk) {
      const double* more = all + chunk * chunk_numbers();
      for (std::int64_t i = 0; i < 2 * size; ++i) all[i] += more[i];
    }
    float* diff_gamma = floats(rows_.gamma(std::span<std::byte* const>(bindings.diff_weights)));
    float* diff_beta = floats(rows_.beta(std::span<std::byte* const>(bindings.diff_weights)));
    for (std::int64_t i = 0; i < size; ++i) {
      if (diff_gamma) diff_gamma[i] = static_cast<float>(all[i]);
      if (diff_beta) diff_beta[i] = static_cast<float>(all[size + i]);
    }
  }

  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(cut_.chunks * chunk_numbers()) * sizeof(double);
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  // Two sums an element in double, and two of a block in float.
  std::int64_t chunk_numbers() const {
    return 3 * rows_.size;
  }

  PETAL_INLINE void sum_block(const Bindings& bindings, std::int64_t first, std::int64_t count,
                              float* block) const {
    const std::int64_t size = rows_.size;
    const auto* kept = reinterpret_cast<const Moments*>(bindings.workspace);
    for (std::int64_t row = first; row < first + count; ++row) {
      const float* src = floats(bindings.src[0]) + row * size;
      const float* diff_dst = floats(bindings.diff_dst) + row * size;
      for (std::int64_t i = 0; i < size; i += lanes) {
        const std::int64_t valid = std::min(lanes, size - i);
        Floats x, g, products, sums;
        load(src + i, valid, x);
        load(diff_dst + i, valid, g);
        load(block + i, valid, products);
        load(block + size + i, valid, sums);
        products += g * ((x - kept[row].mean) * kept[row].inverse_deviation);
        sums += g;
        store(products, valid, block + i);
        store(sums, valid, block + size + i);
      }
    }
  }

  LayerRows rows_;
  RowChunks cut_;
};

}  // namespace

Support supports(const LayerNormalization& layer, Direction direction) {
  if (layer.scale || layer.center) return {};
  return supports_without_weights(direction);
}

KernelPointer prepare(const LayerNormalization& layer, const Device&, const PrepareContext& context) {
  switch (context.direction) {
    case Direction::forward:
      break;
    case Direction::backward_data:
      return std::make_unique<LayerNormalizationBackwardData>(layer, context);
    case Direction::backward_weights:
      return std::make_unique<LayerNormalizationBackwardWeights>(layer, context);
  }
  return std::make_unique<LayerNormalizationForward>(layer, context);
}

}  // namespace petal::cpu
