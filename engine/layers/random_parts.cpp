#include "engine/layers/random_parts.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/error.h"

namespace petal {

std::string_view to_string(FillMode mode) {
  switch (mode) {
    case FillMode::reflect:
      return "reflect";
    case FillMode::wrap:
      return "wrap";
    case FillMode::constant:
      return "constant";
    case FillMode::nearest:
      return "nearest";
  }
  return "";
}

std::string_view to_string(Interpolation interpolation) {
  return interpolation == Interpolation::nearest ? "nearest" : "bilinear";
}

void require_photo(std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  double elements = 1;
  for (const std::int64_t dim : src[0].dims()) elements *= static_cast<double>(dim);
  if (elements >= 0x1p31) {
    throw Error(std::string(where), "its input is " + src[0].to_string() +
                                        ", which is more than 2^31 numbers; use smaller images");
  }
}

void require_range(std::string_view where, std::string_view argument, const Range& range, float lowest,
                   float highest) {
  // Written so that NaN fails.
  if (lowest <= range.lower && range.lower <= range.upper && range.upper <= highest) return;
  throw Error(std::string(where), fmt::format("{} from {} to {} must ascend within {} to {}", argument,
                                              range.lower, range.upper, lowest, highest));
}

void require_value_range(std::string_view where, const Range& value_range) {
  if (std::isfinite(value_range.lower) && std::isfinite(value_range.upper) &&
      value_range.lower < value_range.upper) {
    return;
  }
  throw Error(std::string(where), fmt::format("value_range from {} to {} holds no pixels; 0 to 255 is usual",
                                              value_range.lower, value_range.upper));
}

}  // namespace petal
