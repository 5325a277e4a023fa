#pragma once

#include <memory>
#include <vector>

#include "engine/communicator.h"
#include "tests/apart_memory.h"

namespace petal::testing {

// Communicators of as many devices on the host as there are memories: the thread of each waits for the others
// where it comes to a sum, and adds up what all of them have, by rank. Devices that do not ask for the
// same sums, or one that is waited for longer than a minute, are a std::logic_error.
std::vector<std::shared_ptr<const Communicator>> make_host_communicators(
    const std::vector<std::shared_ptr<const ApartMemory>>& memories);

}  // namespace petal::testing
