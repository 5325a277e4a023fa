#include <fmt/format.h>

#include "kernels/cpu/backend.h"
#include "kernels/cuda/backend.h"
#include "tools/commands.h"

namespace petal {

Command add_devices(CLI::App&) {
  return [] {
    fmt::print("cpu   {}, {} threads\n", cpu_backend_description(), make_cpu_backend()->threads());
    fmt::print("cuda  {}\n", cuda_backend_description());
    return 0;
  };
}

}  // namespace petal
