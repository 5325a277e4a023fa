#pragma once

#include <algorithm>

#include "engine/graph.h"
#include "kernels/reference/activation.h"

namespace petal::reference {

// What Conv2D, DepthwiseConv2D and Dense have in common: a sum of products src[s] * kernel[k] into dst[d], a
// bias for each output channel, a residual, an activation. `products(f)` calls f(d, s, k) for each of them;
// the three computations are then
//   dst[d] += src[s] * kernel[k],   diff_src[s] += g[d] * kernel[k],   diff_kernel[k] += g[d] * src[s]
// with g = diff_dst * activation'(dst).
template <class T, class Products>
class SumOfProducts {
 public:
  SumOfProducts(const PrepareContext& context, bool use_bias, ActivationFunction activation,
                Products products)
      : weights_(context),
        use_bias_(use_bias),
        fused_residual_(context.node.fused_residual),
        activation_(activation),
        products_(std::move(products)),
        channels_(context.dst.shape.back()),
        dst_elements_(context.dst.shape.elements()),
        src_elements_(context.src[0].shape.elements()),
        kernel_elements_(context.weights[0]->elements()) {}

  void forward(const Bindings& bindings) const {
    const T* src = as<T>(bindings.src[0]);
    const T* kernel = weights_(bindings, 0);
    const T* bias = use_bias_ ? weights_(bindings, 1) : nullptr;
    const T* residual = fused_residual_ ? as<T>(bindings.src[1]) : nullptr;
    T* dst = as<T>(bindings.dst);
    for (std::int64_t d = 0; d < dst_elements_; ++d) {
      dst[d] = (bias ? bias[d % channels_] : T{0}) + (residual ? residual[d] : T{0});
    }
    products_([&](auto d, auto s, auto k) { dst[d] += src[s] * kernel[k]; });
    for (std::int64_t d = 0; d < dst_elements_; ++d) dst[d] = activate(activation_, dst[d]);
  }

  void backward_data(const Bindings& bindings) const {
    if (!bindings.diff_src[0]) return;
    const T* kernel = weights_(bindings, 0);
    T* diff_src = as<T>(bindings.diff_src[0]);
    std::fill_n(diff_src, src_elements_, T{0});
    products_([&](auto d, auto s, auto k) { diff_src[s] += gradient(bindings, d) * kernel[k]; });
  }

  void backward_weights(const Bindings& bindings) const {
    const T* src = as<T>(bindings.src[0]);
    T* diff_kernel = as<T>(bindings.diff_weights[0]);
    std::fill_n(diff_kernel, kernel_elements_, T{0});
    products_([&](auto d, auto s, auto k) { diff_kernel[k] += gradient(bindings, d) * src[s]; });
    if (!use_bias_) return;
    T* diff_bias = as<T>(bindings.diff_weights[1]);
    std::fill_n(diff_bias, channels_, T{0});
    for (std::int64_t d = 0; d < dst_elements_; ++d) diff_bias[d % channels_] += gradient(bindings, d);
  }

 private:
  T gradient(const Bindings& bindings, std::int64_t d) const {
    const T diff_dst = as<T>(bindings.diff_dst)[d];
    if (activation_ == ActivationFunction::linear) return diff_dst;
    return diff_dst * derivative_from_dst(activation_, as<T>(bindings.dst)[d]);
  }

  WeightArrays<T> weights_;
  bool use_bias_, fused_residual_;
  ActivationFunction activation_;
  Products products_;
  std::int64_t channels_, dst_elements_, src_elements_, kernel_elements_;
};

// The kernel of such a layer (Conv2D, DepthwiseConv2D, Dense) from its products.
template <class Layer, class Products>
std::unique_ptr<Kernel> prepare_sum_of_products(const Layer& layer, const PrepareContext& context,
                                                Products products) {
  return with_scalar(context.precision, [&]<class T>() {
    SumOfProducts<T, Products> sum(context, layer.use_bias, layer.activation, products);
    switch (context.direction) {
      case Direction::backward_data:
        return loops([sum = std::move(sum)](const Bindings& b) { sum.backward_data(b); });
      case Direction::backward_weights:
        return loops([sum = std::move(sum)](const Bindings& b) { sum.backward_weights(b); });
      case Direction::forward:
        break;
    }
    return loops([sum = std::move(sum)](const Bindings& b) { sum.forward(b); });
  });
}

inline Support supports_fused(ActivationFunction activation, Direction direction) {
  if (direction == Direction::forward ? is_epilogue(activation) : is_training_epilogue(activation)) {
    return supported();
  }
  return unsupported("its activation, which split_activations makes a node of its own");
}

}  // namespace petal::reference
