#include "kernels/cuda/plugin.h"

#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <cstdio>
#include <string>

#include "kernels/cuda/check.h"
#include "kernels/cuda/device_backend.h"
#include "kernels/cuda/device_limit.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/graph.h"
#include "kernels/cuda/libraries.h"
#include "kernels/cuda/nccl/communicators.h"

namespace petal {
namespace {

// CUDA packs a version as 1000 * major + 10 * minor.
std::string cuda_version(int packed) {
  return std::to_string(packed / 1000) + "." + std::to_string(packed % 1000 / 10);
}

std::string why_nothing(cudaError_t error) {
  int driver = 0, runtime = 0;
  cudaRuntimeGetVersion(&runtime);
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    return "no NVIDIA driver is installed; install one that knows CUDA " + cuda_version(runtime);
  }
  if (error == cudaErrorInsufficientDriver) {
    return "the driver knows CUDA " + cuda_version(driver) + ", this build needs " + cuda_version(runtime) +
           "; update the driver";
  }
  if (error == cudaErrorNoDevice) return "the driver is there but sees no device";
  return std::string(cudaGetErrorString(error));
}

std::string describe_device(int index) {
  cudaDeviceProp device{};
  if (cudaError_t error = cudaGetDeviceProperties(&device, index); error != cudaSuccess) {
    return cudaGetErrorString(error);
  }
  int runtime = 0;
  cudaRuntimeGetVersion(&runtime);
  const std::size_t cudnn = cudnnGetVersion();
  return std::string(device.name) + ", compute capability " + std::to_string(device.major) + "." +
         std::to_string(device.minor) + ", " + std::to_string(device.totalGlobalMem >> 30) + " GiB, CUDA " +
         cuda_version(runtime) + ", cuDNN " + std::to_string(cudnn / 10000) + "." +
         std::to_string(cudnn % 10000 / 100);
}

// The kernels on one GPU.
class CudaBackend final : public cuda::DeviceBackend {
 public:
  CudaBackend(cuda::Device device, std::shared_ptr<CUstream_st> stream, const CudaOptions& options)
      : DeviceBackend(std::move(device)), stream_(std::move(stream)), options_(options) {}
  std::string name() const override {
    return std::string("cuda") + (options_.kernels == CudaKernels::own ? ", own kernels" : "") +
           (options_.kernels == CudaKernels::libraries ? ", libraries' kernels" : "") +
           (options_.tensor_float32 ? ", tf32" : "") + (options_.deterministic ? ", deterministic" : "") +
           training_name();
  }
  void enter() const override { PETAL_CUDA("cuda", cudaSetDevice(options_.device)); }
  // Not where sums over devices are among it: NCCL's documentation ("Using NCCL with CUDA Graphs") warns of
  // deadlocks where one process has several devices.
  std::unique_ptr<Recording> record(const std::function<void()>& work) const override {
    if (communicator() != nullptr) return nullptr;
    enter();
    return cuda::record_graph(stream_, work);
  }
  DeviceLimit measure_limit(Precision precision) const override {
    constexpr std::int64_t size = 4096;
    return cuda::measure_limit(*this, precision, size);
  }
  std::vector<std::shared_ptr<const Backend>> make_replicas() const override;

 private:
  std::string training_name() const {
    const std::size_t devices = options_.training_devices.size();
    return devices > 1 ? ", training on " + std::to_string(devices) + " devices" : "";
  }

  std::shared_ptr<CUstream_st> stream_;
  CudaOptions options_;
};

std::shared_ptr<const Backend> make_backend(const CudaOptions& options,
                                            const std::shared_ptr<CUstream_st>& stream,
                                            std::shared_ptr<const Communicator> communicator) {
  cuda::Device device{.queue = {.stream = stream.get()},
                      .memory = cuda::make_device_memory(options.device, stream),
                      .libraries = nullptr,
                      .communicator = std::move(communicator)};
  const auto bound = options.memory.find(options.device);
  if (bound != options.memory.end()) device.memory = within(bound->second, device.memory);
  if (options.kernels != CudaKernels::own) device.libraries = cuda::make_libraries(stream, options);
  return std::make_shared<CudaBackend>(std::move(device), stream, options);
}

std::vector<std::shared_ptr<const Backend>> CudaBackend::make_replicas() const {
  const std::vector<int>& devices = options_.training_devices;
  if (devices.size() < 2) return {};
  std::vector<std::shared_ptr<CUstream_st>> streams;
  for (const int device : devices) streams.push_back(cuda::make_stream(device));
  const auto communicators = cuda::make_communicators(devices, streams);
  std::vector<std::shared_ptr<const Backend>> replicas;
  for (std::size_t rank = 0; rank < devices.size(); ++rank) {
    CudaOptions options = options_;
    options.device = devices[rank];
    options.training_devices.clear();
    PETAL_CUDA("cuda", cudaSetDevice(options.device));
    replicas.push_back(make_backend(options, streams[rank], communicators[rank]));
  }
  enter();
  return replicas;
}

}  // namespace
}  // namespace petal

#define PETAL_EXPORT extern "C" __attribute__((visibility("default")))

PETAL_EXPORT const char* petal_cuda_interface() {
  static const std::string version = petal::cuda_interface_version();
  return version.c_str();
}

PETAL_EXPORT void petal_cuda_convolution_engines(const char* properties, const petal::Conv2D* layer,
                                                 const petal::Shape* photos, petal::Direction direction,
                                                 petal::DataType type, bool residual,
                                                 const petal::CudaOptions* options,
                                                 std::vector<petal::CudaEngine>* engines) {
  using namespace petal::cuda;
  const std::size_t most = engines->size();
  engines->clear();
  const ConvolutionLayer described{.geometry = geometry_of(*layer, "conv2d", *photos),
                                   .use_bias = layer->use_bias,
                                   .activation = layer->activation};
  for (const ConvolutionPlan& plan :
       plan_convolution({.properties = properties}, described.geometry, direction, type,
                        exactness_of(*options), most, fusion_of(described, residual))) {
    engines->push_back(plan.engine);
  }
}

PETAL_EXPORT void petal_cuda_make_backend(const petal::CudaOptions* options,
                                          std::shared_ptr<const petal::Backend>* backend) {
  if (options->training_devices.size() > 1) petal::cuda::require_nccl();
  *backend = petal::make_backend(*options, petal::cuda::make_stream(options->device), nullptr);
}

PETAL_EXPORT int petal_cuda_describe(char* text, std::size_t bytes) {
  int count = 0;
  std::string lines;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess || count == 0) {
    count = 0;
    lines = petal::why_nothing(error == cudaSuccess ? cudaErrorNoDevice : error);
  }
  for (int i = 0; i < count; ++i) lines += (i > 0 ? "\n" : "") + petal::describe_device(i);
  std::snprintf(text, bytes, "%s", lines.c_str());
  return count;
}
