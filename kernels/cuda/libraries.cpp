#include "kernels/cuda/libraries.h"

#include <optional>

#include "kernels/cuda/convolution/cudnn_convolution.h"
#include "kernels/cuda/dense/cublaslt_product.h"
#include "kernels/cuda/kernel_timer.h"
#include "kernels/cuda/plan_choices.h"

namespace petal::cuda {
namespace {

// As many of a library's suggestions as autotuning times: the best is among the first.
constexpr std::size_t most_candidates = 8;

std::string device_text(int device) {
  cudaDeviceProp properties{};
  PETAL_CUDA("cuda", cudaGetDeviceProperties(&properties, device));
  return std::string(properties.name) + ", cuDNN " + std::to_string(cudnnGetVersion()) + ", cuBLASLt " +
         std::to_string(cublasLtGetVersion());
}

class VendorLibraries final : public Libraries {
 public:
  VendorLibraries(std::shared_ptr<CUstream_st> stream, const CudaOptions& options)
      : stream_(std::move(stream)), exactness_(exactness_of(options)) {
    cudnnHandle_t cudnn = nullptr;
    PETAL_CUDNN("cuda", cudnnCreate(&cudnn));
    cudnn_.reset(cudnn, [stream = stream_](cudnnHandle_t handle) { cudnnDestroy(handle); });
    PETAL_CUDNN("cuda", cudnnSetStream(cudnn, stream_.get()));
    cublasLtHandle_t cublaslt = nullptr;
    PETAL_CUBLAS("cuda", cublasLtCreate(&cublaslt));
    cublaslt_.reset(cublaslt, [stream = stream_](cublasLtHandle_t handle) { cublasLtDestroy(handle); });
    if (!options.autotune) return;
    choices_.emplace(options.plan_choices);
    device_ = device_text(options.device);
  }

  std::unique_ptr<Kernel> prepare_convolution(const Device& device, const PrepareContext& context,
                                              const ConvolutionLayer& layer) override {
    const DataType type = convolution_type(context, layer);
    const Fusion fusion = convolution_fusion(context, layer, type);
    const std::vector<ConvolutionPlan> plans = plan_convolution(
        {.handle = cudnn_.get()}, layer.geometry, context.direction, type, exactness_, most(), fusion);
    const auto name = [](const ConvolutionPlan& plan) { return plan.engine.name; };
    const auto make = [&](const ConvolutionPlan& plan) {
      const PackedConvolution convolution{layer.geometry, context.direction, type, plan.kernel_type,
                                          plan.fusion};
      return make_packed_convolution(device, context, layer, convolution,
                                     make_cudnn_convolution(context.node.name, cudnn_, plan));
    };
    return best_of(plans, plan_key(layer.geometry, context.direction, type, exactness_, fusion), device,
                   context, name, make);
  }

  std::unique_ptr<Kernel> prepare_dense(const Device& device, const PrepareContext& context,
                                        const Dense& layer) override {
    const bool tensor_float32 = exactness_.tensor_float32;
    for (const MatrixProduct& product : dense_products(layer, context)) {
      const std::vector<ProductPlan> plans =
          plan_product(cublaslt_, stream_.get(), product, tensor_float32, most());
      const auto name = [](const ProductPlan& plan) { return plan.algorithm; };
      const auto make = [&](const ProductPlan& plan) {
        return make_dense_kernel(device, context, layer, product, plan.product);
      };
      if (auto kernel = best_of(plans, plan_key(product, tensor_float32), device, context, name, make))
        return kernel;
    }
    return nullptr;
  }

 private:
  std::size_t most() const { return choices_ ? most_candidates : 1; }

  // The kernel of the plan that the library suggests first, or of the fastest where they are timed; null
  // where there is none.
  template <class Plan, class Name, class Make>
  std::unique_ptr<Kernel> best_of(const std::vector<Plan>& plans, const std::string& key,
                                  const Device& device, const PrepareContext& context, const Name& name,
                                  const Make& make) {
    if (plans.empty()) return nullptr;
    if (!choices_ || plans.size() == 1) return make(plans[0]);
    std::vector<std::string> engines;
    for (const Plan& plan : plans) engines.push_back(name(plan));
    return make(plans[choose_plan(*choices_, device_ + ", " + key, engines, [&](std::size_t place) {
      return fastest_seconds(*make(plans[place]), context, device.memory);
    })]);
  }

  std::shared_ptr<CUstream_st> stream_;
  std::shared_ptr<cudnnContext> cudnn_;
  std::shared_ptr<cublasLtContext> cublaslt_;
  Exactness exactness_;
  std::optional<PlanChoices> choices_;  // where plans are timed
  std::string device_;
};

}  // namespace

Exactness exactness_of(const CudaOptions& options) {
  return {.tensor_float32 = options.tensor_float32, .deterministic = options.deterministic};
}

std::shared_ptr<Libraries> make_libraries(std::shared_ptr<CUstream_st> stream, const CudaOptions& options) {
  return std::make_shared<VendorLibraries>(std::move(stream), options);
}

}  // namespace petal::cuda
