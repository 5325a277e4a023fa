#include "engine/profile.h"

namespace petal {

void add_lane(Profile& sum, const Profile& more, int lane) {
  for (std::size_t i = 0; i < sum.entries.size(); ++i) {
    sum.entries[i].runs += more.entries[i].runs;
    sum.entries[i].seconds += more.entries[i].seconds;
  }
  sum.runs += more.runs;
  sum.seconds += more.seconds;
  for (ProfileEvent event : more.events) {
    event.lane = lane;
    sum.events.push_back(event);
  }
}

}  // namespace petal
