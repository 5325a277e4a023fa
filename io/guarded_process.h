#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace petal {

struct GuardLimits {
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;  // beyond what this process has mapped
  std::uint64_t reply_bytes = std::uint64_t{256} << 20;
  int processor_seconds = 10;
  int clock_seconds = 60;  // of this process, not counting those in which it was stopped
};

// How a guarded process ended: with its reply, or dead; then `reply` is empty and `death` says of what.
struct GuardedEnd {
  std::string reply;
  std::string death;
};

// Runs `work`, which may crash, loop or take all memory, in a forked process, and returns what it returns.
// The process has this one's memory as it stands, so `work` may read what it likes; it must start no thread,
// print nothing and take no lock but the memory allocator's that another thread may hold. `quiet` is held
// while the process is made: what its holders use is at rest there. It dies with this process and hears no
// signal of the terminal. It is always reaped. Linux. Throws Error(`where`, failure) where the system makes
// no process.
GuardedEnd run_guarded(const std::string& where, std::mutex& quiet, const std::function<std::string()>& work,
                       const GuardLimits& limits = {});

}  // namespace petal
