#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <string>

#include "kernels/cpu/backend.h"
#include "kernels/cuda/plugin.h"
#include "tools/commands.h"

namespace petal {
namespace {

// What the plugin says of the GPUs, or why there is no plugin.
std::string cuda_description() {
  // Found by the run path of the programs, beside the library.
  void* plugin = dlopen("libpetal_cuda.so", RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) {
    const std::string reason = dlerror();
    const bool absent = reason.starts_with("libpetal_cuda.so:");
    return absent ? "not in this build; configure with the preset `cuda`"
                  : "the plugin does not load: " + reason;
  }
  const auto describe =
      reinterpret_cast<decltype(&petal_cuda_describe)>(dlsym(plugin, "petal_cuda_describe"));
  std::array<char, 4096> text{};
  const int devices = describe == nullptr ? 0 : describe(text.data(), text.size());
  // The plugin stays loaded: CUDA does not bear to be unloaded.
  return devices > 0 ? std::string(text.data()) + "; no kernels for it in this version" : text.data();
}

}  // namespace

Command add_devices(CLI::App&) {
  return [] {
    fmt::print("cpu   {}, {} threads\n", cpu_backend_description(), make_cpu_backend()->threads());
    fmt::print("cuda  {}\n", cuda_description());
    return 0;
  };
}

}  // namespace petal
