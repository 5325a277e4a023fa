#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace petal {

// Time and work of one step of a plan, summed over the profiled runs.
struct ProfileEntry {
  std::string name;              // the node's
  std::string kind;              // "Conv2D", "loss", "update", ...
  std::string phase;             // "forward", "backward_data", "backward_weights", "update"
  std::string implementation;    // as the vendor names it
  std::string precision{"f32"};  // of its arrays: "bf16" where one of them is
  std::int64_t operations = 0;   // floating-point, a run
  std::int64_t bytes = 0;        // read and written at least, a run
  std::int64_t runs = 0;
  double seconds = 0;
};

// One run of an entry, in seconds of the steady clock; of one thread, or of one lane's.
struct ProfileEvent {
  int entry = 0;
  int lane = 0;
  double begin = 0, end = 0;
};

struct Profile {
  std::vector<ProfileEntry> entries;  // in order of execution
  std::int64_t runs = 0;
  double seconds = 0;                // of whole runs, measured around them
  std::vector<ProfileEvent> events;  // of the last run, or of each lane's last one
};

// Adds what another lane of the same steps measured; its events become that lane's.
void add_lane(Profile& sum, const Profile& more, int lane);

}  // namespace petal
