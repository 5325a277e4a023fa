#include "tools/device_options.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "engine/error.h"
#include "kernels/cpu/backend.h"
#include "kernels/cuda/backend.h"
#include "trainer/feature_cache.h"

namespace petal {

void add_device_options(CLI::App& app, DeviceOptions& options) {
  app.add_option(
         "--device", options.device,
         "cpu or cuda; cuda:1 for one of several GPUs, cuda:0,1 or cuda:all to train on them together")
      ->capture_default_str();
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

constexpr std::string_view gpu = "cuda";

int gpu_number(std::string_view text, const std::string& device) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0)
    throw Error("--device", "'" + device + "' does not name GPUs; give cuda, cuda:1, cuda:0,1 or cuda:all");
  return number;
}

// Those that `device` names, as `petal devices` counts.
std::vector<int> gpu_numbers(const std::string& device) {
  if (device == gpu) return {0};
  std::string_view rest = std::string_view(device).substr(gpu.size() + 1);
  if (rest == "all") {
    std::vector<int> all(static_cast<std::size_t>(std::max(1, cuda_device_count())));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  std::vector<int> numbers;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    numbers.push_back(gpu_number(rest.substr(0, comma), device));
    if (std::ranges::count(numbers, numbers.back()) > 1)
      throw Error("--device", "'" + device + "' names GPU " + std::to_string(numbers.back()) + " twice");
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return numbers;
}

BackendFactory gpu_factory(const DeviceOptions& options) {
  const std::vector<int> numbers = gpu_numbers(options.device);
  CudaOptions cuda{
      .device = numbers[0], .tensor_float32 = options.tensor_float32, .deterministic = options.deterministic};
  if (numbers.size() > 1) cuda.training_devices = numbers;
  cuda.autotune = options.autotune;
  if (const auto folder = default_cache_folder()) cuda.plan_choices = *folder / "gpu_plans.txt";
  if (options.gpu_memory > 0) {
    for (const int number : numbers) cuda.memory[number] = std::make_shared<MemoryBound>(options.gpu_memory);
  }
  make_cuda_backend(cuda);  // what is missing is said before any work is done
  // In turn, so that photo streams share the devices.
  return [cuda, numbers, turn = std::size_t{0}](int) mutable {
    cuda.device = numbers[turn++ % numbers.size()];
    return make_cuda_backend(cuda);
  };
}

}  // namespace

bool is_gpu(const std::string& device) {
  return device == gpu || device.starts_with(std::string(gpu) + ":");
}

BackendFactory backend_factory(const DeviceOptions& options) {
  if (is_gpu(options.device)) return gpu_factory(options);
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
  return is_gpu(options.device) ? cuda_backend_description() : cpu_backend_description();
}

Precision limit_precision(const DeviceOptions& options, Precision precision) {
  return is_gpu(options.device) ? precision : cpu_limit_precision(precision);
}

}  // namespace petal
