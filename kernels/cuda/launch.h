#pragma once

// Own kernels are bodies: structs of pointers and sizes whose operator()(i) does the work of index i, none of
// which reads what another writes. nvcc compiles them for the device; any other compiler makes loops of them,
// which is how the tests prove the same lines without a GPU.

#include <cstdint>

#include "kernels/cuda/launch_shape.h"

#ifdef __CUDACC__
#include "kernels/cuda/check.h"
#define PETAL_BODY __host__ __device__
#else
#define PETAL_BODY
#endif

struct CUstream_st;

namespace petal::cuda {

using Index = std::int64_t;

// Where a kernel's launches are queued: a CUDA stream. Loops on the host go from the last index to the first
// every other time, so that a body which depends on the order gives itself away.
struct Queue {
  CUstream_st* stream = nullptr;
  mutable bool descending = false;
};

#ifdef __CUDACC__
template <class Body>
__global__ void run_bodies(std::int64_t count, Body body) {
  const std::int64_t stride = static_cast<std::int64_t>(blockDim.x) * gridDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    body(i);
  }
}
#endif

// Calls body(0) to body(count - 1), in any order.
template <class Body>
void for_each(const Queue& queue, std::int64_t count, const Body& body) {
  if (count <= 0) return;
#ifdef __CUDACC__
  const LaunchShape shape = launch_shape(count);
  run_bodies<<<shape.blocks, shape.threads, 0, queue.stream>>>(count, body);
  PETAL_CUDA("cuda", cudaGetLastError());
#else
  for (std::int64_t i = 0; i < count; ++i) body(queue.descending ? count - 1 - i : i);
  queue.descending = !queue.descending;
#endif
}

}  // namespace petal::cuda
