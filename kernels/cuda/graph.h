#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <memory>

#include "engine/backend.h"

namespace petal::cuda {

// What `work` queues on the stream, as a CUDA graph that is launched as a whole. Null where the driver, or a
// library that `work` calls, cannot have it in a graph: then nothing was queued.
std::unique_ptr<Recording> record_graph(std::shared_ptr<CUstream_st> stream,
                                        const std::function<void()>& work);

}  // namespace petal::cuda
