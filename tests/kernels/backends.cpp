#include "tests/kernels/backends.h"

#include "kernels/cpu/backend.h"
#include "kernels/reference/backend.h"
#include "tests/cuda_on_host.h"
#include "tests/gpu_under_test.h"

namespace petal::testing {

const std::vector<std::shared_ptr<const Backend>>& backends_under_test() {
  static const std::vector<std::shared_ptr<const Backend>> backends = [] {
    std::vector<std::shared_ptr<const Backend>> all = {make_reference_backend(), make_cpu_backend(2),
                                                       make_cuda_on_host()};
    for (const auto& gpu : gpus_under_test()) all.push_back(gpu);
    return all;
  }();
  return backends;
}

const Backend& reference() {
  return *backends_under_test().front();
}

}  // namespace petal::testing
