#include <fmt/format.h>

#include <sstream>
#include <string>

#include "kernels/cpu/backend.h"
#include "kernels/cuda/backend.h"
#include "tools/commands.h"

namespace petal {

Command add_devices(CLI::App&) {
  return [] {
    fmt::print("cpu   {}, {} threads\n", cpu_backend_description(), make_cpu_backend()->threads());
    std::istringstream gpus(cuda_backend_description());
    const bool several = cuda_device_count() > 1;
    int number = 0;
    for (std::string line; std::getline(gpus, line);)
      fmt::print("{:5} {}\n", several ? fmt::format("cuda:{}", number++) : "cuda", line);
    return 0;
  };
}

}  // namespace petal
