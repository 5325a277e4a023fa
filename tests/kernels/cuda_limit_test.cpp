#include "kernels/cuda/device_limit.h"

#include <doctest/doctest.h>

#include "tests/cuda_on_host.h"

namespace petal::testing {

TEST_CASE("a GPU's limits are those of a product and a copy, in each precision") {
  const auto backend = make_cuda_on_host();
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16}) {
    const DeviceLimit limit = cuda::measure_limit(*backend, precision, 64);
    // One core does a million operations a second, and none does a trillion.
    CHECK(limit.operations_per_second > 1e6);
    CHECK(limit.operations_per_second < 1e12);
    CHECK(limit.bytes_per_second > 1e6);
    CHECK(limit.bytes_per_second < 1e12);
  }
}

}  // namespace petal::testing
