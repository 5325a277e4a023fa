#include "kernels/cpu/broadcast_rows.h"

namespace petal::cpu {
namespace {

// How far each input goes along one dimension of dst's sample; 0 where it is repeated.
struct Dimension {
  std::int64_t size;
  std::vector<std::int64_t> strides;
};

// From the outermost on, neighbours along which every input moves evenly made one.
std::vector<Dimension> dimensions(const PrepareContext& context) {
  const Shape dst = context.dst.shape.without_batch();
  std::vector<Dimension> all;
  std::vector<std::int64_t> reach(context.src.size(), 1);  // elements below the dimension
  for (std::size_t back = 1; back <= dst.rank(); ++back) {
    Dimension dimension{dst[dst.rank() - back], {}};
    if (dimension.size == 1) continue;
    for (std::size_t i = 0; i < context.src.size(); ++i) {
      const Shape src = context.src[i].shape.without_batch();
      const bool moves = back <= src.rank() && src[src.rank() - back] == dimension.size;
      dimension.strides.push_back(moves ? reach[i] : 0);
      if (moves) reach[i] *= dimension.size;
    }
    bool even = !all.empty();
    for (std::size_t i = 0; even && i < context.src.size(); ++i) {
      even = dimension.strides[i] == all.front().strides[i] * all.front().size;
    }
    if (even) {
      all.front().size *= dimension.size;
    } else {
      all.insert(all.begin(), std::move(dimension));
    }
  }
  if (all.empty()) all.push_back({1, std::vector<std::int64_t>(context.src.size(), 1)});
  return all;
}

}  // namespace

BroadcastRows::BroadcastRows(const PrepareContext& context)
    : batch(context.dst.shape[0]), inputs(context.src.size()) {
  const std::vector<Dimension> all = dimensions(context);
  length = all.back().size;
  for (std::size_t d = 0; d + 1 < all.size(); ++d) rows *= all[d].size;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Input& input = inputs[i];
    input.elements = context.src[i].shape.elements() / batch;
    input.whole = input.elements == rows * length;
    input.step = all.back().strides[i];
    for (std::int64_t row = 0; row < rows; ++row) {
      std::int64_t begin = 0, rest = row;
      for (std::size_t d = all.size() - 1; d-- > 0; rest /= all[d].size) {
        begin += rest % all[d].size * all[d].strides[i];
      }
      input.begins.push_back(begin);
    }
  }
}

}  // namespace petal::cpu
