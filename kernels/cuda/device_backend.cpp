#include "kernels/cuda/device_backend.h"

#include "engine/error.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

Support supports_precision(Precision precision) {
  if (precision != Precision::f64) return {};
  return {false, "float64 is for the reference; use f32"};
}

void require(Precision precision, const char* where) {
  const Support support = supports_precision(precision);
  if (!support.supported) throw Error(where, support.reason);
}

}  // namespace

Support DeviceBackend::supports(const Node& node, Precision precision, Direction direction) const {
  if (const Support support = supports_precision(precision); !support.supported) return support;
  if (node.fused_residual && direction != Direction::forward)
    return {false, "a residual is fused for inference alone"};
  return std::visit([&](const auto& layer) { return cuda::supports(layer, direction); }, node.layer);
}

std::unique_ptr<Kernel> DeviceBackend::prepare(const PrepareContext& context) const {
  const Support support = supports(context.node, context.precision, context.direction);
  if (!support.supported)
    throw_unsupported(*this, context.node, context.precision, context.direction, support.reason);
  return std::visit([&](const auto& layer) { return cuda::prepare(layer, device_, context); },
                    context.node.layer);
}

std::unique_ptr<Kernel> DeviceBackend::prepare_sum(Precision precision, std::int64_t elements,
                                                   int terms) const {
  require(precision, "sum");
  return make_sum(device_, data_type(precision), elements, terms);
}

std::unique_ptr<LossKernel> DeviceBackend::prepare_loss(const Loss& loss,
                                                        TensorDescription predictions) const {
  if (predictions.type != DataType::f32) {
    throw Error("loss", "the cuda backend takes float32 predictions, not " +
                            std::string(to_string(predictions.type)));
  }
  return make_loss(device_, loss, predictions.shape);
}

std::unique_ptr<UpdateKernel> DeviceBackend::prepare_update(const Optimizer& optimizer) const {
  return make_update(device_, optimizer);
}

}  // namespace petal::cuda
