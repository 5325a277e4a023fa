#include "models/layer_names.h"

#include <fmt/format.h>

namespace petal {

std::string numbered(std::string_view name, int index) {
  return index == 0 ? std::string(name) : fmt::format("{}_{}", name, index);
}

}  // namespace petal
