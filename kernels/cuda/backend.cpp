#include "kernels/cuda/backend.h"

#include <dlfcn.h>

#include <array>

#include "engine/error.h"
#include "kernels/cuda/plugin.h"

namespace petal {
namespace {

constexpr const char* library = "libpetal_cuda.so";

struct Plugin {
  decltype(&petal_cuda_describe) describe = nullptr;
  decltype(&petal_cuda_make_backend) make_backend = nullptr;
  decltype(&petal_cuda_convolution_engines) convolution_engines = nullptr;
  std::string missing;  // why there is none
};

std::string why_not_loaded(const std::string& reason) {
  if (reason.starts_with(std::string(library) + ":"))
    return "this build has no CUDA plugin; configure with the preset `cuda`";
  if (reason.starts_with("libcudnn"))
    return "cuDNN is not found (" + reason + "); install cuDNN 9 where the dynamic linker looks";
  if (reason.starts_with("libcublas"))
    return "cuBLASLt is not found (" + reason +
           "); install the CUDA toolkit's libraries where the dynamic linker looks";
  return "the CUDA plugin does not load: " + reason;
}

template <class Function>
void find(void* plugin, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(plugin, name));
}

// Loaded once by the system however often it is asked, and for good: CUDA does not bear to be unloaded.
Plugin load() {
  void* loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) return {.missing = why_not_loaded(dlerror())};
  Plugin plugin;
  decltype(&petal_cuda_interface) interface = nullptr;
  find(loaded, "petal_cuda_interface", interface);
  find(loaded, "petal_cuda_describe", plugin.describe);
  find(loaded, "petal_cuda_make_backend", plugin.make_backend);
  find(loaded, "petal_cuda_convolution_engines", plugin.convolution_engines);
  const std::string found = interface == nullptr ? "nothing" : interface();
  if (found != cuda_interface_version() || !plugin.describe || !plugin.make_backend ||
      !plugin.convolution_engines) {
    plugin.missing = "the CUDA plugin is of another build (" + found + ", expected " +
                     cuda_interface_version() + "); build both together";
  }
  return plugin;
}

struct Found {
  int devices = 0;
  std::string text;
};

void require_listed(int device, const Found& found) {
  if (device >= 0 && device < found.devices) return;
  throw Error("--device cuda", "device " + std::to_string(device) + " is not among the " +
                                   std::to_string(found.devices) + " that `petal devices` lists");
}

Found describe(const Plugin& plugin) {
  if (!plugin.missing.empty()) return {0, plugin.missing};
  std::array<char, 4096> text{};
  const int devices = plugin.describe(text.data(), text.size());
  return {devices, text.data()};
}

}  // namespace

std::shared_ptr<const Backend> make_cuda_backend(const CudaOptions& options) {
  const Plugin plugin = load();
  const Found found = describe(plugin);
  if (found.devices == 0) throw Error("--device cuda", found.text + "; or use --device cpu");
  require_listed(options.device, found);
  for (const int device : options.training_devices) require_listed(device, found);
  std::shared_ptr<const Backend> backend;
  plugin.make_backend(&options, &backend);
  return backend;
}

std::vector<CudaEngine> cuda_convolution_engines(const std::string& properties, const Conv2D& layer,
                                                 const Shape& photos, Direction direction,
                                                 const CudaOptions& options, std::size_t most, DataType type,
                                                 bool residual) {
  const Plugin plugin = load();
  if (!plugin.missing.empty()) throw Error("cuda", plugin.missing);
  std::vector<CudaEngine> engines(most);
  plugin.convolution_engines(properties.c_str(), &layer, &photos, direction, type, residual, &options,
                             &engines);
  return engines;
}

int cuda_device_count() {
  return describe(load()).devices;
}

std::string cuda_backend_description() {
  return describe(load()).text;
}

}  // namespace petal
