#include "kernels/cuda/device_limit.h"

#include <algorithm>
#include <limits>

#include "engine/stopwatch.h"

namespace petal::cuda {
namespace {

// A node on its own, on arrays of zeros.
class LoneNode {
 public:
  LoneNode(const Backend& backend, Precision precision, Layer layer, const Shape& src)
      : backend_(backend),
        memory_(backend.memory()),
        node_{.name = "the device's limit", .layer = std::move(layer), .inputs = {0}} {
    const Shape sample = src.without_batch();
    node_.shape = infer_shape(node_.layer, node_.name, std::span(&sample, 1));
    for (const WeightDeclaration& weight : declare_weights(node_.layer, std::span(&sample, 1)))
      weights_.emplace_back(weight.shape);
    const DataType type = data_type(precision);
    const TensorDescription from{type, src}, to{type, node_.shape.with_batch(src[0])};
    PrepareContext context{.node = node_,
                           .precision = precision,
                           .src = {from},
                           .dst = to,
                           .weights = {},
                           .constant_weights = true};
    for (const Tensor& tensor : weights_) context.weights.push_back(&tensor);
    kernel_ = backend.prepare(context);
    src_ = DeviceArray(memory_, from.bytes());
    dst_ = DeviceArray(memory_, to.bytes());
    scratch_ = DeviceArray(memory_, kernel_->scratch_bytes());
  }

  std::size_t bytes() const { return src_.size() + dst_.size(); }

  double fastest_seconds() const {
    const std::byte* src = src_.data();
    const RunContext run;
    Bindings bindings;
    bindings.src = std::span(&src, 1);
    bindings.dst = dst_.data();
    bindings.scratch = scratch_.data();
    bindings.context = &run;
    backend_.enter();
    double fastest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 6; ++i) {
      memory_->wait();
      const Stopwatch running;
      kernel_->run(bindings);
      memory_->wait();
      // The first one pays for what is done once.
      if (i > 0) fastest = std::min(fastest, running.seconds());
    }
    return fastest;
  }

 private:
  const Backend& backend_;
  std::shared_ptr<const Memory> memory_;
  Node node_;
  std::vector<Tensor> weights_;
  std::unique_ptr<Kernel> kernel_;
  DeviceArray src_, dst_, scratch_;
};

}  // namespace

DeviceLimit measure_limit(const Backend& backend, Precision precision, std::int64_t size) {
  const Conv2D product{.filters = size, .use_bias = false};
  const LoneNode products(backend, precision, product, Shape{1, size, 1, size});
  const auto operations = 2.0 * static_cast<double>(size) * static_cast<double>(size * size);
  const LoneNode copy(backend, Precision::f32, Reshape{.target = {64, size}}, Shape{size, 64, size});
  return {.operations_per_second = operations / products.fastest_seconds(),
          .bytes_per_second = static_cast<double>(copy.bytes()) / copy.fastest_seconds()};
}

}  // namespace petal::cuda
