#include "trainer/workers.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/error.h"

namespace petal {

int resolve_threads(int requested) {
  if (requested < 0) {
    throw Error("--threads",
                "found " + std::to_string(requested) + ", expected 1 or more, or 0 for all cores");
  }
  if (requested > 0) return requested;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0)
    return CPU_COUNT(&allowed);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void run_workers(int count, const std::function<void(int worker)>& work) {
  if (count <= 1) {
    if (count == 1) work(0);
    return;
  }
  std::mutex mutex;
  std::exception_ptr first;
  {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(count));
    for (int worker = 0; worker < count; ++worker) {
      threads.emplace_back([&, worker] {
        try {
          work(worker);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!first) first = std::current_exception();
        }
      });
    }
  }
  if (first) std::rethrow_exception(first);
}

void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t i)>& work) {
  std::atomic<std::int64_t> next{0};
  const int workers = static_cast<int>(std::min<std::int64_t>(count, threads));
  run_workers(workers, [&](int) {
    for (std::int64_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        next = count;  // nothing new is begun
        throw;
      }
    }
  });
}

}  // namespace petal
