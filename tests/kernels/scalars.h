#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/tensor.h"

namespace petal::testing {

// Numbers to and from the bytes of a type; rounds to the nearest, ties to even.
void encode(std::span<const double> values, DataType type, std::byte* bytes);
std::vector<double> decode(const std::byte* bytes, DataType type, std::size_t count);

}  // namespace petal::testing
