#pragma once

#include <cstdint>
#include <functional>

namespace petal {

// `requested`, or where it is 0 the cores that this process may run on. Throws Error(--threads) where it is
// negative.
int resolve_threads(int requested);

// Runs work(0) .. work(count - 1), each on a thread of its own (one: on the caller's), and waits for all of
// them. The first exception is thrown again once every thread has ended; `work` sees to it that the others
// then end soon.
void run_workers(int count, const std::function<void(int worker)>& work);

// Calls work(i) for every i of 0 .. count - 1, on up to `threads` threads, in no particular order. After an
// exception no new i is begun.
void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t i)>& work);

}  // namespace petal
