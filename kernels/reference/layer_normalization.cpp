#include "kernels/reference/layer_normalization.h"

#include <algorithm>
#include <cmath>

namespace petal::reference {
namespace {

// Rows of `size` elements, each normalised by itself.
template <class T>
class NormalizedRows {
 public:
  NormalizedRows(const LayerNormalization& layer, const PrepareContext& context)
      : layer_(layer), weights_(context) {
    const Shape& shape = context.dst.shape;
    for (std::int64_t i = 0; i < layer.dimensions; ++i) {
      size_ *= shape[shape.rank() - 1 - static_cast<std::size_t>(i)];
    }
    rows_ = shape.elements() / size_;
  }

  void forward(const Bindings& bindings) const {
    const T* gamma = layer_.scale ? weights_(bindings, 0) : nullptr;
    const T* beta = layer_.center ? weights_(bindings, layer_.scale ? 1 : 0) : nullptr;
    for (std::int64_t row = 0; row < rows_; ++row) {
      const Row normal(*this, bindings, row);
      for (std::int64_t i = 0; i < size_; ++i) {
        as<T>(bindings.dst)[row * size_ + i] =
            normal(i) * (gamma ? gamma[i] : T{1}) + (beta ? beta[i] : T{0});
      }
    }
  }

  // With g = diff_dst * gamma and x the normalised src: (g - mean(g) - x * mean(g * x)) / deviation.
  void backward_data(const Bindings& bindings) const {
    if (!bindings.diff_src[0]) return;
    const T* gamma = layer_.scale ? weights_(bindings, 0) : nullptr;
    for (std::int64_t row = 0; row < rows_; ++row) {
      const Row normal(*this, bindings, row);
      const auto gradient = [&](std::int64_t i) {
        return as<T>(bindings.diff_dst)[row * size_ + i] * (gamma ? gamma[i] : T{1});
      };
      T mean{}, product{};
      for (std::int64_t i = 0; i < size_; ++i) {
        mean += gradient(i) / static_cast<T>(size_);
        product += gradient(i) * normal(i) / static_cast<T>(size_);
      }
      for (std::int64_t i = 0; i < size_; ++i) {
        as<T>(bindings.diff_src[0])[row * size_ + i] =
            (gradient(i) - mean - normal(i) * product) / normal.deviation;
      }
    }
  }

  void backward_weights(const Bindings& bindings) const {
    T* diff_gamma = layer_.scale ? as<T>(bindings.diff_weights[0]) : nullptr;
    T* diff_beta = layer_.center ? as<T>(bindings.diff_weights[layer_.scale ? 1 : 0]) : nullptr;
    if (diff_gamma) std::fill_n(diff_gamma, size_, T{0});
    if (diff_beta) std::fill_n(diff_beta, size_, T{0});
    for (std::int64_t row = 0; row < rows_; ++row) {
      const Row normal(*this, bindings, row);
      for (std::int64_t i = 0; i < size_; ++i) {
        const T diff = as<T>(bindings.diff_dst)[row * size_ + i];
        if (diff_gamma) diff_gamma[i] += diff * normal(i);
        if (diff_beta) diff_beta[i] += diff;
      }
    }
  }

 private:
  // The normalised elements of a row.
  struct Row {
    Row(const NormalizedRows& rows, const Bindings& bindings, std::int64_t row)
        : src(as<T>(bindings.src[0]) + row * rows.size_) {
      for (std::int64_t i = 0; i < rows.size_; ++i) mean += src[i];
      mean /= static_cast<T>(rows.size_);
      T variance{};
      for (std::int64_t i = 0; i < rows.size_; ++i) variance += (src[i] - mean) * (src[i] - mean);
      variance /= static_cast<T>(rows.size_);
      deviation = std::sqrt(variance + static_cast<T>(rows.layer_.epsilon));
    }
    T operator()(std::int64_t i) const { return (src[i] - mean) / deviation; }

    const T* src;
    T mean{}, deviation{};
  };

  LayerNormalization layer_;
  WeightArrays<T> weights_;
  std::int64_t size_ = 1, rows_ = 0;
};

}  // namespace

Support supports(const LayerNormalization& layer, Direction direction) {
  if (direction != Direction::backward_weights || layer.scale || layer.center) return supported();
  return unsupported("it has no weights");
}

std::unique_ptr<Kernel> prepare(const LayerNormalization& layer, const PrepareContext& context) {
  return with_scalar(context.precision, [&]<class T>() {
    NormalizedRows<T> rows(layer, context);
    switch (context.direction) {
      case Direction::backward_data:
        return loops([r = std::move(rows)](const Bindings& b) { r.backward_data(b); });
      case Direction::backward_weights:
        return loops([r = std::move(rows)](const Bindings& b) { r.backward_weights(b); });
      case Direction::forward:
        break;
    }
    return loops([r = std::move(rows)](const Bindings& b) { r.forward(b); });
  });
}

}  // namespace petal::reference
