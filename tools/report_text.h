#pragma once

#include <string>

#include "engine/profile.h"
#include "trainer/metrics.h"

namespace petal {

// The evaluation for reading on a terminal: totals, a row a class, the confusion matrix where it is small
// enough, seconds and memory.
std::string evaluation_text(const MetricsDocument& document);

// Where the time of training steps went: the costliest entries of the plan with their share, and what waiting
// for input took.
std::string profile_text(const Profile& profile);

}  // namespace petal
