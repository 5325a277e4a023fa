#include "tests/gpu_under_test.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "engine/error.h"
#include "kernels/cuda/backend.h"

namespace petal::testing {

std::vector<std::shared_ptr<const Backend>> gpus_under_test() {
  const char* device = std::getenv("PETAL_TEST_DEVICE");
  if (device == nullptr || std::string_view(device) != "cuda") return {};
  try {
    return {make_cuda_backend(), make_cuda_backend({.own_kernels = true})};
  } catch (const Error& error) {
    std::fprintf(stderr, "SKIPPED: nothing runs on a GPU: %s\n", error.what());
    return {};
  }
}

}  // namespace petal::testing
