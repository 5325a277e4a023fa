#pragma once

#include <string>

#include "models/registry.h"

namespace petal::bench {

// The shape list of an architecture at its default size, with its head, without preprocessing: what stands in
// bench/shapes/NAME.txt. Its layers are those of an inference plan, batch norms folded, activations and
// residuals inside the convolutions.
std::string shape_list_text(const Architecture& architecture);

}  // namespace petal::bench
