#include "engine/lanes.h"

namespace petal {

Lanes::Lanes(int count) : failures_(static_cast<std::size_t>(count)) {
  for (int lane = 1; lane < count; ++lane) {
    threads_.emplace_back([this, lane] { serve(lane); });
  }
}

Lanes::~Lanes() {
  const std::lock_guard lock(mutex_);
  end_ = true;
  begin_.notify_all();
}

void Lanes::work_guarded(int lane) {
  try {
    (*work_)(lane);
  } catch (...) {
    failures_[static_cast<std::size_t>(lane)] = std::current_exception();
  }
}

void Lanes::serve(int lane) {
  std::unique_lock lock(mutex_);
  for (std::uint64_t served = 0;; ++served) {
    begin_.wait(lock, [&] { return end_ || round_ > served; });
    if (end_) return;
    lock.unlock();
    work_guarded(lane);
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

void Lanes::run(const std::function<void(int)>& work) {
  work_ = &work;
  if (!threads_.empty()) {
    const std::lock_guard lock(mutex_);
    busy_ = static_cast<int>(threads_.size());
    ++round_;
    begin_.notify_all();
  }
  work_guarded(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return busy_ == 0; });
  std::exception_ptr first;
  for (std::exception_ptr& failure : failures_) {
    if (!first) first = failure;
    failure = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace petal
