#pragma once

#include "trainer/fit.h"

namespace petal {

// Whether the monitored value is the better the smaller it is.
bool falls(Monitor monitor);
// What stands for the monitor where there are no validation samples.
Monitor without_validation(Monitor monitor);
double monitored(const EpochRecord& record, Monitor monitor);

// The numbers that the graph gives for a sample. Throws Error(training) unless it has one output of rank 1.
std::int64_t outputs_of(const Graph& graph);
// Throws Error that names the option which is out of range.
void require_fit_options(const FitOptions& options, std::int64_t classes);
// Throws Error(training) for a label that is none of the classes.
void require_labels(const Samples& samples, std::int64_t classes);

}  // namespace petal
