#include "kernels/reference/backend.h"

#include "kernels/reference/activation.h"
#include "kernels/reference/activity_regularization.h"
#include "kernels/reference/average_pooling2d.h"
#include "kernels/reference/batch_normalization.h"
#include "kernels/reference/concatenate.h"
#include "kernels/reference/conv2d.h"
#include "kernels/reference/conv2d_transpose.h"
#include "kernels/reference/cropping2d.h"
#include "kernels/reference/dense.h"
#include "kernels/reference/depthwise_conv2d.h"
#include "kernels/reference/dropout.h"
#include "kernels/reference/elu.h"
#include "kernels/reference/flatten.h"
#include "kernels/reference/gaussian_dropout.h"
#include "kernels/reference/gaussian_noise.h"
#include "kernels/reference/global_average_pooling2d.h"
#include "kernels/reference/global_max_pooling2d.h"
#include "kernels/reference/layer_normalization.h"
#include "kernels/reference/leaky_relu.h"
#include "kernels/reference/loss.h"
#include "kernels/reference/max_pooling2d.h"
#include "kernels/reference/merge.h"
#include "kernels/reference/normalization.h"
#include "kernels/reference/permute.h"
#include "kernels/reference/prelu.h"
#include "kernels/reference/random_affine.h"
#include "kernels/reference/random_brightness.h"
#include "kernels/reference/random_contrast.h"
#include "kernels/reference/relu.h"
#include "kernels/reference/rescaling.h"
#include "kernels/reference/reshape.h"
#include "kernels/reference/resize.h"
#include "kernels/reference/separable_conv2d.h"
#include "kernels/reference/spatial_dropout2d.h"
#include "kernels/reference/update.h"
#include "kernels/reference/zero_padding2d.h"

namespace petal {
namespace reference {

static Support supports(const Input&, Direction) {
  return unsupported("an input is given, not computed");
}
static std::unique_ptr<Kernel> prepare(const Input&, const PrepareContext&) {
  return nullptr;
}

namespace {

class ReferenceBackend final : public Backend {
 public:
  std::string name() const override { return "reference"; }
  int threads() const override { return 1; }

  Support supports(const Node& node, Precision precision, Direction direction) const override {
    if (precision != Precision::f32 && precision != Precision::f64) {
      return unsupported("the reference computes in f32 and f64");
    }
    if (node.fused_residual && direction != Direction::forward) {
      return unsupported("a residual is fused for inference alone");
    }
    return std::visit([&](const auto& layer) { return reference::supports(layer, direction); }, node.layer);
  }

  std::unique_ptr<Kernel> prepare(const PrepareContext& context) const override {
    const Support support = supports(context.node, context.precision, context.direction);
    if (!support.supported) {
      throw_unsupported(*this, context.node, context.precision, context.direction, support.reason);
    }
    return std::visit([&](const auto& layer) { return reference::prepare(layer, context); },
                      context.node.layer);
  }

  std::unique_ptr<Kernel> prepare_sum(Precision precision, std::int64_t elements, int terms) const override;

  std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, TensorDescription predictions) const override {
    return reference::prepare_loss(loss, predictions);
  }
  std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) const override {
    return reference::prepare_update(optimizer);
  }
};

std::unique_ptr<Kernel> ReferenceBackend::prepare_sum(Precision precision, std::int64_t elements,
                                                      int terms) const {
  return with_scalar(precision, [&]<class T>() {
    return loops([=](const Bindings& b) {
      for (std::int64_t i = 0; i < elements; ++i) {
        T sum{};
        for (int term = 0; term < terms; ++term) sum += as<T>(b.src[static_cast<std::size_t>(term)])[i];
        as<T>(b.dst)[i] = sum;
      }
    });
  });
}

}  // namespace
}  // namespace reference

std::shared_ptr<const Backend> make_reference_backend() {
  return std::make_shared<reference::ReferenceBackend>();
}

}  // namespace petal
