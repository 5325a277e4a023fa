#include <cmath>

#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// The mean and the deviation of each channel, or of all.
struct Fixed {
  const float *mean, *variance;
  Index mean_period, variance_period;  // 1: one for all
  PETAL_BODY float centre(Index i) const { return mean[i % mean_period]; }
  PETAL_BODY float deviation(Index i) const {
    const float root = std::sqrt(variance[i % variance_period]);
    return root > 1e-7f ? root : 1e-7f;
  }
};

struct Forward {
  Fixed fixed;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const { dst[i] = (src[i] - fixed.centre(i)) / fixed.deviation(i); }
};

struct Backward {
  Fixed fixed;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index i) const { diff_src[i] = diff_dst[i] / fixed.deviation(i); }
};

// Constants of the layer, or weights.
class Constants {
 public:
  Constants(const Normalization& layer, const Device& device, const PrepareContext& context)
      : weights_(device, context),
        mean_(uploaded(device, layer.mean)),
        variance_(uploaded(device, layer.variance)),
        are_constants_(!layer.mean.empty()) {
    const Index channels = context.dst.shape.back();
    const auto period = [&](const std::vector<float>& constants) {
      return (constants.empty() ? layer.by_channel : constants.size() > 1) ? channels : Index{1};
    };
    mean_period_ = period(layer.mean);
    variance_period_ = period(layer.variance);
  }
  Fixed operator()(const Bindings& b) const {
    return {are_constants_ ? mean_.floats() : weights_(b, 0),
            are_constants_ ? variance_.floats() : weights_(b, 1), mean_period_, variance_period_};
  }

 private:
  WeightArrays weights_;
  DeviceArray mean_, variance_;
  bool are_constants_;
  Index mean_period_, variance_period_;
};

}  // namespace

Support supports(const Normalization&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Normalization& layer, const Device& device, const PrepareContext& context) {
  const Index elements = context.dst.shape.elements();
  const Constants constants(layer, device, context);
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches([=](const Bindings& b) {
      for_each(queue, elements, Forward{constants(b), arrays.src(b), arrays.dst(b)});
    });
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(queue, elements, Backward{constants(b), arrays.diff_dst(b), arrays.diff_src(b)});
  });
}

}  // namespace petal::cuda
