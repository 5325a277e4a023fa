#include "kernels/cuda/libraries.h"

#include <limits>
#include <optional>

#include "engine/error.h"
#include "kernels/cuda/convolution/cudnn_convolution.h"
#include "kernels/cuda/kernel_timer.h"
#include "kernels/cuda/plan_choices.h"

namespace petal::cuda {
namespace {

// As many of cuDNN's suggestions as autotuning times: the best is among the first.
constexpr std::size_t most_candidates = 8;

std::string device_text(int device) {
  cudaDeviceProp properties{};
  PETAL_CUDA("cuda", cudaGetDeviceProperties(&properties, device));
  return std::string(properties.name) + ", cuDNN " + std::to_string(cudnnGetVersion());
}

class Cudnn final : public Libraries {
 public:
  Cudnn(std::shared_ptr<CUstream_st> stream, const CudaOptions& options)
      : stream_(std::move(stream)), exactness_(exactness_of(options)) {
    cudnnHandle_t made = nullptr;
    PETAL_CUDNN("cuda", cudnnCreate(&made));
    handle_.reset(made, [stream = stream_](cudnnHandle_t handle) { cudnnDestroy(handle); });
    PETAL_CUDNN("cuda", cudnnSetStream(made, stream_.get()));
    if (!options.autotune) return;
    choices_.emplace(options.plan_choices);
    device_ = device_text(options.device);
  }

  std::unique_ptr<Kernel> prepare_convolution(const Device& device, const PrepareContext& context,
                                              const ConvolutionLayer& layer) override {
    const DataType type = convolution_type(context);
    const Fusion fusion = convolution_fusion(context, layer, type);
    const std::vector<ConvolutionPlan> plans =
        plan_convolution({.handle = handle_.get()}, layer.geometry, context.direction, type, exactness_,
                         choices_ ? most_candidates : 1, fusion);
    if (plans.empty()) return nullptr;
    const auto make = [&](const ConvolutionPlan& plan) {
      return make_cudnn_convolution(device, handle_, context, layer, type, plan);
    };
    if (!choices_ || plans.size() == 1) return make(plans[0]);
    const std::string key =
        device_ + ", " + plan_key(layer.geometry, context.direction, type, exactness_, fusion);
    const std::optional<PlanChoice> kept = choices_->find(key);
    if (kept && kept->place < plans.size() && plans[kept->place].engine.name == kept->engine)
      return make(plans[kept->place]);
    const std::size_t fastest = fastest_of(plans, [&](const ConvolutionPlan& plan) {
      return fastest_seconds(*make(plan), context, device.memory);
    });
    choices_->keep(key, {plans[fastest].engine.name, fastest});
    return make(plans[fastest]);
  }

 private:
  // What does not run, or not in the memory that there is, is not chosen.
  template <class Time>
  static std::size_t fastest_of(const std::vector<ConvolutionPlan>& plans, const Time& seconds) {
    std::size_t fastest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < plans.size(); ++i) {
      try {
        const double taken = seconds(plans[i]);
        if (taken >= least) continue;
        least = taken;
        fastest = i;
      } catch (const Error&) {
      }
    }
    return fastest;
  }

  std::shared_ptr<CUstream_st> stream_;
  std::shared_ptr<cudnnContext> handle_;
  Exactness exactness_;
  std::optional<PlanChoices> choices_;  // where plans are timed
  std::string device_;
};

}  // namespace

Exactness exactness_of(const CudaOptions& options) {
  return {.tensor_float32 = options.tensor_float32, .deterministic = options.deterministic};
}

std::shared_ptr<Libraries> make_libraries(std::shared_ptr<CUstream_st> stream, const CudaOptions& options) {
  return std::make_shared<Cudnn>(std::move(stream), options);
}

}  // namespace petal::cuda
