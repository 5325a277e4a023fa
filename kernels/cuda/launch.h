#pragma once

// Own kernels are bodies: structs of pointers and sizes whose operator()(i) does the work of index i, none of
// which reads what another writes. nvcc compiles them for the device; any other compiler makes loops of them,
// which is how the tests prove the same lines without a GPU.

#include <cstdint>
#include <functional>
#include <vector>

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

// What takes the place of a stream on the host. Loops run at once, or are kept, with the arguments that they
// have now as a graph of CUDA's keeps them. They go from the last index to the first every other time, so
// that a body which depends on the order gives itself away.
struct HostQueue {
  bool descending = false;
  std::vector<std::function<void()>>* kept = nullptr;
};

// Where a kernel's launches are queued: a CUDA stream, or, in the tests, the host.
struct Queue {
  CUstream_st* stream = nullptr;
  HostQueue* host = nullptr;
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
  const auto loop = [host = queue.host, count, body] {
    host->descending = !host->descending;
    for (std::int64_t i = 0; i < count; ++i) body(host->descending ? count - 1 - i : i);
  };
  if (queue.host->kept)
    queue.host->kept->push_back(loop);
  else
    loop();
#endif
}

}  // namespace petal::cuda
