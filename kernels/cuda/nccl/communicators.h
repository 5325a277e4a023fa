#pragma once

#include <memory>
#include <vector>

#include "engine/communicator.h"

struct CUstream_st;

namespace petal::cuda {

// Throws Error("--device") that says why several devices cannot train together, where this build has no NCCL,
// or libnccl is not found or too old: it is looked for here, so that one device does without.
void require_nccl();

// One for each of these devices, all of them different, whose sums are queued on its stream: NCCL's. Throws
// as require_nccl does, and Error(failure) with NCCL's own words.
std::vector<std::shared_ptr<const Communicator>> make_communicators(
    const std::vector<int>& devices, const std::vector<std::shared_ptr<CUstream_st>>& streams);

}  // namespace petal::cuda
