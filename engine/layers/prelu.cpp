#include "engine/layers/prelu.h"

#include <algorithm>
#include <set>

#include "engine/error.h"

namespace petal {

Shape infer_shape(const PReLU& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  const std::set<std::int64_t> axes(layer.shared_axes.begin(), layer.shared_axes.end());
  const bool leading = axes.size() == layer.shared_axes.size() && axes.size() <= src[0].rank() &&
                       (axes.empty() || (*axes.begin() == 1 && *axes.rbegin() == std::ssize(axes)));
  if (leading) return src[0];
  std::string listed;
  for (const std::int64_t axis : layer.shared_axes) {
    listed += (listed.empty() ? "" : ", ") + std::to_string(axis);
  }
  throw Error(std::string(where), "its shared_axes are [" + listed + "] for samples of shape " +
                                      src[0].to_string() +
                                      "; Petal takes none, or the first ones without a gap, such as [1, 2]");
}

std::vector<WeightDeclaration> declare_weights(const PReLU& layer, std::span<const Shape> src) {
  std::vector<std::int64_t> dims(src[0].dims().begin(), src[0].dims().end());
  for (const std::int64_t axis : layer.shared_axes) dims[static_cast<std::size_t>(axis - 1)] = 1;
  return {{"alpha", Shape(dims), Role::weight, {}, layer.alpha_regularizer}};
}

std::int64_t operations(const PReLU&, std::span<const Shape> src) {
  return 2 * src[0].elements();
}

BackwardNeeds backward_needs(const PReLU&) {
  return {.src = true, .dst = false};
}

}  // namespace petal
