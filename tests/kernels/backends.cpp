#include "tests/kernels/backends.h"

#include "kernels/cpu/backend.h"
#include "kernels/reference/backend.h"
#include "tests/cuda_on_host.h"

namespace petal::testing {

const std::vector<std::shared_ptr<const Backend>>& backends_under_test() {
  static const std::vector<std::shared_ptr<const Backend>> backends = {make_reference_backend(),
                                                                       make_cpu_backend(2), make_cuda_on_host()};
  return backends;
}

const Backend& reference() {
  return *backends_under_test().front();
}

}  // namespace petal::testing
