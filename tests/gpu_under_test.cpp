#include "tests/gpu_under_test.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "engine/error.h"
#include "kernels/cuda/backend.h"

namespace petal::testing {
namespace {

bool is_asked_for() {
  const char* device = std::getenv("PETAL_TEST_DEVICE");
  return device != nullptr && std::string_view(device) == "cuda";
}

}  // namespace

std::vector<std::shared_ptr<const Backend>> gpus_under_test() {
  if (!is_asked_for()) return {};
  try {
    return {make_cuda_backend(), make_cuda_backend({.kernels = CudaKernels::own}),
            make_cuda_backend({.kernels = CudaKernels::libraries})};
  } catch (const Error& error) {
    std::fprintf(stderr, "SKIPPED: nothing runs on a GPU: %s\n", error.what());
    return {};
  }
}

std::vector<std::shared_ptr<const Backend>> several_gpus_under_test() {
  if (!is_asked_for()) return {};
  try {
    if (cuda_device_count() < 2) throw Error("petal devices", "lists no two GPUs");
    return {make_cuda_backend({.training_devices = {0, 1}}),
            make_cuda_backend({.training_devices = {0, 1}, .kernels = CudaKernels::own})};
  } catch (const Error& error) {
    std::fprintf(stderr, "SKIPPED: nothing trains on several GPUs: %s\n", error.what());
    return {};
  }
}

}  // namespace petal::testing
