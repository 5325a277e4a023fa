#include "tests/host_communicator.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "engine/error.h"

namespace petal::testing {
namespace {

using Array = Communicator::Array;

// Where the devices' threads come together.
class Meeting {
 public:
  explicit Meeting(std::size_t devices) : offered_(devices) {}

  void abort() {
    const std::lock_guard lock(mutex_);
    aborted_ = true;
    changed_.notify_all();
  }
  bool is_aborted() const { return aborted_; }

  // Leaves the arrays as they are where it is aborted.
  void sum(std::size_t rank, std::span<const Array> arrays) {
    offered_[rank] = arrays;
    if (!come_together()) return;
    std::vector<std::vector<float>> sums;
    for (std::size_t i = 0; i < arrays.size(); ++i) sums.push_back(sum_of(i, arrays[i].elements));
    // None writes before all have read.
    if (!come_together()) return;
    for (std::size_t i = 0; i < arrays.size(); ++i) std::ranges::copy(sums[i], arrays[i].data);
  }

 private:
  std::vector<float> sum_of(std::size_t array, std::int64_t elements) const {
    std::vector<float> sum(static_cast<std::size_t>(elements), 0.0f);
    for (const std::span<const Array> arrays : offered_) {
      if (array >= arrays.size() || arrays[array].elements != elements)
        throw std::logic_error("the devices do not ask for the same sums");
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += arrays[array].data[i];
    }
    return sum;
  }

  // Whether all devices have come.
  bool come_together() {
    std::unique_lock lock(mutex_);
    if (aborted_) return false;
    const std::size_t meeting = meetings_;
    if (++here_ == offered_.size()) {
      here_ = 0;
      ++meetings_;
      changed_.notify_all();
    }
    if (!changed_.wait_for(lock, std::chrono::minutes(1), [&] { return aborted_ || meetings_ > meeting; }))
      throw std::logic_error("a device waits for sums that others do not ask for");
    return !aborted_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::span<const Array>> offered_;  // by rank
  std::size_t here_ = 0, meetings_ = 0;
  std::atomic<bool> aborted_ = false;
};

class HostCommunicator final : public Communicator {
 public:
  HostCommunicator(std::shared_ptr<Meeting> meeting, int devices, int rank,
                   std::shared_ptr<const ApartMemory> memory)
      : meeting_(std::move(meeting)), devices_(devices), rank_(rank), memory_(std::move(memory)) {}

  int devices() const override { return devices_; }
  int rank() const override { return rank_; }
  // Asked by the host, it is done before this returns: the host of another device may have nothing to wait
  // for until then.
  void sum(std::span<const Array> arrays) const override {
    for (const Array& array : arrays) memory_->require(array.data);
    if (memory_->is_visited()) return meeting_->sum(static_cast<std::size_t>(rank_), arrays);
    require_whole();
    memory_->visit([&] { meeting_->sum(static_cast<std::size_t>(rank_), arrays); });
    memory_->wait();
    require_whole();
  }
  void abort() const override { meeting_->abort(); }

 private:
  void require_whole() const {
    if (meeting_->is_aborted()) throw Error("devices", "one of them failed", ErrorKind::failure);
  }

  std::shared_ptr<Meeting> meeting_;
  int devices_, rank_;
  std::shared_ptr<const ApartMemory> memory_;
};

}  // namespace

std::vector<std::shared_ptr<const Communicator>> make_host_communicators(
    const std::vector<std::shared_ptr<const ApartMemory>>& memories) {
  const auto meeting = std::make_shared<Meeting>(memories.size());
  std::vector<std::shared_ptr<const Communicator>> communicators;
  for (const auto& memory : memories) {
    communicators.push_back(std::make_shared<HostCommunicator>(
        meeting, static_cast<int>(memories.size()), static_cast<int>(communicators.size()), memory));
  }
  return communicators;
}

}  // namespace petal::testing
