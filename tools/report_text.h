#pragma once

#include <string>

#include "trainer/metrics.h"

namespace petal {

// The evaluation for reading on a terminal: totals, a row a class, the confusion matrix where it is small
// enough, seconds and memory.
std::string evaluation_text(const MetricsDocument& document);

}  // namespace petal
