#include "kernels/cuda/libraries.h"

#include <functional>
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
      : stream_(std::move(stream)),
        exactness_(exactness_of(options)),
        takes_all_(options.kernels == CudaKernels::libraries) {
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

  // Depthwise ones are our own, unless cuDNN's are found to be faster.
  std::unique_ptr<Kernel> prepare_convolution(const Device& device, const PrepareContext& context,
                                              const ConvolutionLayer& layer) override {
    const bool is_ours = is_depthwise(layer.geometry) && !takes_all_;
    if (is_ours && !choices_) return nullptr;
    const DataType type = convolution_type(context, layer);
    const Fusion fusion = convolution_fusion(context, layer, type);
    std::vector<Candidate> candidates;
    for (const ConvolutionPlan& plan : plan_convolution(
             {.handle = cudnn_.get()}, layer.geometry, context.direction, type, exactness_, most(), fusion)) {
      candidates.push_back({plan.engine.name, [&, plan] {
                              const PackedConvolution convolution{layer.geometry, context.direction, type,
                                                                  plan.kernel_type, plan.fusion};
                              return make_packed_convolution(
                                  device, context, layer, convolution,
                                  make_cudnn_convolution(context.node.name, cudnn_, plan));
                            }});
    }
    if (is_ours) {
      candidates.push_back({"own", [&] {
                              Device own = device;
                              own.libraries = nullptr;
                              return cuda::prepare_convolution(own, context, layer);
                            }});
    }
    return best_of(candidates, plan_key(layer.geometry, context.direction, type, exactness_, fusion), device,
                   context);
  }

  std::unique_ptr<Kernel> prepare_dense(const Device& device, const PrepareContext& context,
                                        const Dense& layer) override {
    const bool tensor_float32 = exactness_.tensor_float32;
    for (const MatrixProduct& product : dense_products(layer, context)) {
      std::vector<Candidate> candidates;
      for (const ProductPlan& plan :
           plan_product(cublaslt_, stream_.get(), product, tensor_float32, most())) {
        candidates.push_back({plan.algorithm, [&, plan] {
                                return make_dense_kernel(device, context, layer, product, plan.product);
                              }});
      }
      if (auto kernel = best_of(candidates, plan_key(product, tensor_float32), device, context))
        return kernel;
    }
    return nullptr;
  }

 private:
  std::size_t most() const { return choices_ ? most_candidates : 1; }

  // A way to compute a layer's direction.
  struct Candidate {
    std::string name;
    std::function<std::unique_ptr<Kernel>()> make;
  };

  // The kernel that the library suggests first, or the fastest where they are timed; null where there is
  // none.
  std::unique_ptr<Kernel> best_of(const std::vector<Candidate>& candidates, const std::string& key,
                                  const Device& device, const PrepareContext& context) {
    if (candidates.empty()) return nullptr;
    if (!choices_ || candidates.size() == 1) return candidates[0].make();
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates) names.push_back(candidate.name);
    const std::size_t fastest = choose_plan(*choices_, device_ + ", " + key, names, [&](std::size_t place) {
      return fastest_seconds(*candidates[place].make(), context, device.memory);
    });
    return candidates[fastest].make();
  }

  std::shared_ptr<CUstream_st> stream_;
  std::shared_ptr<cudnnContext> cudnn_;
  std::shared_ptr<cublasLtContext> cublaslt_;
  Exactness exactness_;
  bool takes_all_;
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
