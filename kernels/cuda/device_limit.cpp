#include "kernels/cuda/device_limit.h"

#include "kernels/cuda/kernel_timer.h"

namespace petal::cuda {
namespace {

// Of a node on its own that reads `src`, with weights of zeros.
double seconds_of(const Backend& backend, const Layer& layer, const TensorDescription& src,
                  Precision precision) {
  Node node{.name = "the device's limit", .layer = layer, .inputs = {0}};
  const Shape sample = src.shape.without_batch();
  node.shape = infer_shape(node.layer, node.name, std::span(&sample, 1));
  std::vector<Tensor> weights;
  for (const WeightDeclaration& weight : declare_weights(node.layer, std::span(&sample, 1)))
    weights.emplace_back(weight.shape);
  PrepareContext context{.node = node,
                         .precision = precision,
                         .src = {src},
                         .dst = {src.type, node.shape.with_batch(src.shape[0])},
                         .weights = {},
                         .constant_weights = true};
  for (const Tensor& tensor : weights) context.weights.push_back(&tensor);
  backend.enter();
  const std::unique_ptr<Kernel> kernel = backend.prepare(context);
  return fastest_seconds(*kernel, context, backend.memory());
}

}  // namespace

DeviceLimit measure_limit(const Backend& backend, Precision precision, std::int64_t size) {
  const Conv2D product{.filters = size, .use_bias = false};
  const TensorDescription matrix{data_type(precision), {1, size, 1, size}};
  const auto operations = 2.0 * static_cast<double>(size) * static_cast<double>(size * size);
  const TensorDescription block{DataType::f32, {size, 64, size}};
  const auto moved = 2.0 * static_cast<double>(block.bytes());
  return {
      .operations_per_second = operations / seconds_of(backend, product, matrix, precision),
      .bytes_per_second = moved / seconds_of(backend, Reshape{.target = {size, 64}}, block, Precision::f32)};
}

}  // namespace petal::cuda
