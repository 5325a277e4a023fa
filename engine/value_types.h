#pragma once

#include <vector>

#include "engine/backend.h"

namespace petal {

// What is computed in which type, in one place for every plan and device.
//
// In bf16 and f16 it follows Keras's policies mixed_bfloat16 and mixed_float16 (keras/src/dtype_policies and
// the layers' own casts, 3.15; Micikevicius et al., "Mixed Precision Training", 2018): what lies between
// layers, and in training its gradients, is of the half type; weights are float32, and the kernels of
// products read a copy that is rounded once a step; sums, normalisation with its statistics, the gradients of
// weights, the loss and the optimiser are float32. Where Keras leaves it to the user to keep the last softmax
// in float32, it is so here. Beyond Keras, vectors (N, C), biases, depthwise kernels and photos under
// augmentation stay float32: they are small, or rounding them costs more accuracy than it saves time. (A bias
// that cuDNN adds within a half convolution is rounded there, and so is the gradient of such a convolution's
// kernel before it is widened: it has no engines for others. Keras rounds both too.)

// Only the shape's reading changes: dst is src's memory.
bool is_view(const Node& node);

// The type of each node's value, and of its gradient. In bf16 and f16 what lies between layers is of that
// type, but what the graph takes and gives, what an activation that is an output reads, what augmentation
// gives and every vector (N, C) is float32. A view has its input's type. In f32 and f64 all values are of
// that type.
std::vector<DataType> value_types(const Graph& graph, Precision precision);

// The type in which a layer's weight, by its place in declare_weights, is bound to its kernels: of the
// kernels of Conv2D and Dense src's, of all others float32; in f64 all are float64. Constant weights are
// given as they are, in float32, and rounded where they are packed.
DataType weight_type(const Layer& layer, std::size_t weight, DataType src);

// The precision of kernels on arrays of one type alone.
Precision precision_of(DataType type);

}  // namespace petal
