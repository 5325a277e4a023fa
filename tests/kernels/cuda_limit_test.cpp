#include "kernels/cuda/device_limit.h"

#include <doctest/doctest.h>

#include "kernels/cuda/kernel_timer.h"
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

TEST_CASE("a kernel is timed in each direction, on arrays of its own") {
  const auto backend = make_cuda_on_host();
  const Shape src{2, 6, 6, 4};
  const Node node{.name = "conv",
                  .layer = Conv2D{.filters = 8, .kernel = {3, 3}, .activation = ActivationFunction::relu},
                  .inputs = {0},
                  .shape = {4, 4, 8}};
  const Tensor kernel(Shape{3, 3, 4, 8}), bias(Shape{8});
  for (const Precision precision : {Precision::f32, Precision::f16}) {
    for (const Direction direction :
         {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
      const PrepareContext context{.node = node,
                                   .direction = direction,
                                   .mode = Mode::training,
                                   .precision = precision,
                                   .src = {{data_type(precision), src}},
                                   .dst = {data_type(precision), {2, 4, 4, 8}},
                                   .weights = {&kernel, &bias}};
      const double seconds = cuda::fastest_seconds(*backend->prepare(context), context, backend->memory(), 2);
      CHECK(seconds > 0);
      CHECK(seconds < 1);
    }
  }
}

}  // namespace petal::testing
