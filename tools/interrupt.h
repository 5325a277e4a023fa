#pragma once

#include <atomic>

namespace petal {

// Set at the first Ctrl-C (SIGINT) or SIGTERM after the call: work then ends at the next safe point and keeps
// the best result. A second one ends the process at once.
const std::atomic<bool>& stop_on_interrupt();

}  // namespace petal
