#include "tools/device_options.h"

#include "engine/error.h"
#include "kernels/cpu/backend.h"
#include "kernels/cuda/backend.h"
#include "trainer/feature_cache.h"

namespace petal {

void add_device_options(CLI::App& app, DeviceOptions& options) {
  app.add_option("--device", options.device, "cpu or cuda")->capture_default_str();
  add_gpu_options(app, options);
}

void add_gpu_options(CLI::App& app, DeviceOptions& options) {
  app.add_flag("--tf32", options.tensor_float32,
               "On a GPU, round float32 products to TensorFloat-32's 10 bits: faster, and no longer exact");
  app.add_flag("--deterministic", options.deterministic,
               "Equal numbers from run to run; on the CPU it is always so with equal --threads");
  app.add_flag("--autotune", options.autotune,
               "On a GPU, time what its libraries suggest for each layer and keep the fastest, on disk too");
  app.add_option("--gpu-memory", options.gpu_memory, "Bytes of a GPU's memory to use at most [default: all]")
      ->transform(CLI::AsSizeValue(false));
}

namespace {

BackendFactory gpu_factory(const DeviceOptions& options) {
  CudaOptions cuda{.tensor_float32 = options.tensor_float32, .deterministic = options.deterministic};
  cuda.autotune = options.autotune;
  if (const auto folder = default_cache_folder()) cuda.plan_choices = *folder / "gpu_plans.txt";
  if (options.gpu_memory > 0) cuda.memory = std::make_shared<MemoryBound>(options.gpu_memory);
  make_cuda_backend(cuda);  // what is missing is said before any work is done
  return [cuda](int) { return make_cuda_backend(cuda); };
}

}  // namespace

BackendFactory backend_factory(const DeviceOptions& options) {
  if (options.device == "cuda") return gpu_factory(options);
  if (options.device != "cpu")
    throw Error("--device", "'" + options.device + "' is not known; known are cpu, cuda");
  for (const auto& [asked, flag] :
       {std::pair{options.tensor_float32, "--tf32"}, std::pair{options.autotune, "--autotune"},
        std::pair{options.gpu_memory > 0, "--gpu-memory"}}) {
    if (asked) throw Error(flag, "is of GPUs; give --device cuda with it, or leave it out");
  }
  return [](int threads) { return make_cpu_backend(threads); };
}

std::string description_of(const DeviceOptions& options) {
  return options.device == "cuda" ? cuda_backend_description() : cpu_backend_description();
}

Precision limit_precision(const DeviceOptions& options, Precision precision) {
  return options.device == "cuda" ? precision : cpu_limit_precision(precision);
}

}  // namespace petal
