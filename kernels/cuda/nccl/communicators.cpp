#include "kernels/cuda/nccl/communicators.h"

#include <atomic>
#include <mutex>

#include "engine/error.h"
#include "kernels/cuda/check.h"
#include "kernels/cuda/nccl/library.h"

namespace petal::cuda {
namespace {

// NCCL's handles of all devices, which begin and end together.
class Clique {
 public:
  Clique(const std::vector<int>& devices, std::vector<std::shared_ptr<CUstream_st>> streams)
      : nccl_(load_nccl()), streams_(std::move(streams)), handles_(devices.size()) {
    nccl_.require(nccl_.init_all(handles_.data(), static_cast<int>(devices.size()), devices.data()),
                  "ncclCommInitAll");
  }
  Clique(const Clique&) = delete;
  Clique& operator=(const Clique&) = delete;
  ~Clique() {
    if (aborted_) return;
    for (const auto& stream : streams_) cudaStreamSynchronize(stream.get());
    for (const ncclComm_t handle : handles_) nccl_.destroy(handle);
  }

  int devices() const { return static_cast<int>(handles_.size()); }

  // As one operation (NCCL, "Aggregated operations"): with many arrays it is not much slower than with one.
  void sum(std::size_t rank, std::span<const Communicator::Array> arrays) const {
    if (aborted_) throw Error("devices", "one of them failed, and training ended", ErrorKind::failure);
    nccl_.require(nccl_.group_start(), "ncclGroupStart");
    ncclResult_t status = ncclSuccess;
    for (const auto& [data, elements] : arrays) {
      const ncclResult_t one = nccl_.all_reduce(data, data, static_cast<std::size_t>(elements), ncclFloat32,
                                                ncclSum, handles_[rank], streams_[rank].get());
      if (status == ncclSuccess) status = one;
    }
    const ncclResult_t end = nccl_.group_end();
    nccl_.require(status, "ncclAllReduce");
    nccl_.require(end, "ncclGroupEnd");
  }

  // All at once, as the ranks of one machine wait for one another even here.
  void abort() {
    if (aborted_.exchange(true)) return;
    nccl_.group_start();
    for (const ncclComm_t handle : handles_) nccl_.abort(handle);
    nccl_.group_end();
  }

 private:
  Nccl nccl_;
  std::vector<std::shared_ptr<CUstream_st>> streams_;
  std::vector<ncclComm_t> handles_;
  std::atomic<bool> aborted_ = false;
};

class NcclCommunicator final : public Communicator {
 public:
  NcclCommunicator(std::shared_ptr<Clique> clique, std::size_t rank)
      : clique_(std::move(clique)), rank_(rank) {}
  int devices() const override { return clique_->devices(); }
  int rank() const override { return static_cast<int>(rank_); }
  void sum(std::span<const Array> arrays) const override { clique_->sum(rank_, arrays); }
  void abort() const override { clique_->abort(); }

 private:
  std::shared_ptr<Clique> clique_;
  std::size_t rank_;
};

}  // namespace

void require_nccl() {
  load_nccl();
}

std::vector<std::shared_ptr<const Communicator>> make_communicators(
    const std::vector<int>& devices, const std::vector<std::shared_ptr<CUstream_st>>& streams) {
  const auto clique = std::make_shared<Clique>(devices, streams);
  std::vector<std::shared_ptr<const Communicator>> communicators;
  for (std::size_t rank = 0; rank < devices.size(); ++rank)
    communicators.push_back(std::make_shared<NcclCommunicator>(clique, rank));
  return communicators;
}

}  // namespace petal::cuda
