#pragma once

#include <string>
#include <string_view>

namespace petal {

// Keras's names for layers that are given none, by their class and how many of it came before: "dense",
// "dense_1", "dense_2", ...
std::string numbered(std::string_view name, int index);

}  // namespace petal
