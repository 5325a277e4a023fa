// In place of the rest of this folder where NCCL's header was not there for the build.
#include "engine/error.h"
#include "kernels/cuda/nccl/communicators.h"

namespace petal::cuda {

void require_nccl() {
  throw Error("--device",
              "this build trains on one device, for it was made without NCCL; install NCCL's header "
              "(libnccl-dev) and build anew, or name one device");
}

std::vector<std::shared_ptr<const Communicator>> make_communicators(
    const std::vector<int>&, const std::vector<std::shared_ptr<CUstream_st>>&) {
  require_nccl();
  return {};
}

}  // namespace petal::cuda
