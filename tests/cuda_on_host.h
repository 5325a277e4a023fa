#pragma once

#include <memory>
#include <vector>

#include "engine/backend.h"

namespace petal::testing {

// The backend for GPUs with its own kernels as loops of the host, over memory apart: all of it but the
// vendor's libraries and the launches themselves, proved where there is no GPU. Work that is `recorded` is
// replayed with the arguments that it had then, as a graph of CUDA's is.
std::shared_ptr<const Backend> make_cuda_on_host(bool recorded = true);
// One that trains on as many devices, each with memory of its own.
std::shared_ptr<const Backend> make_cuda_on_host_with_replicas(int devices);
// These devices: a thread for each has to run what they sum over.
std::vector<std::shared_ptr<const Backend>> make_cuda_replicas_on_host(int devices);

}  // namespace petal::testing
