#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace petal {

// Threads that do the same work side by side, one on each core, waiting in between. Lane 0 is the caller's
// own thread, so that one lane costs nothing.
class Lanes {
 public:
  explicit Lanes(int count);
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  int count() const { return static_cast<int>(threads_.size()) + 1; }
  // Calls work(lane) for every lane at once and returns when all have; throws what the lowest lane threw.
  void run(const std::function<void(int lane)>& work);

 private:
  void serve(int lane);
  void work_guarded(int lane);

  std::mutex mutex_;
  std::condition_variable begin_, done_;
  const std::function<void(int)>* work_ = nullptr;
  std::uint64_t round_ = 0;
  int busy_ = 0;
  bool end_ = false;
  std::vector<std::exception_ptr> failures_;
  std::vector<std::jthread> threads_;
};

}  // namespace petal
