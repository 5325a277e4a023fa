#include "engine/keras_order.h"

#include <algorithm>
#include <tuple>

namespace petal {

std::vector<int> keras_order(const Graph& graph) {
  const std::size_t count = graph.nodes().size();
  std::vector<std::size_t> met(count, count);  // when the walk from the outputs meets a node first
  std::vector<bool> finished(count, false);
  std::vector<int> postorder;
  std::size_t meetings = 0;
  for (int output : graph.outputs()) {
    std::vector<std::pair<int, std::size_t>> walk = {{output, 0}};
    while (!walk.empty()) {
      auto& [node, next_input] = walk.back();
      const auto at = static_cast<std::size_t>(node);
      if (met[at] == count) met[at] = meetings++;
      const std::vector<int>& inputs = graph[node].inputs;
      if (finished[at] || next_input == inputs.size()) {
        if (!finished[at]) postorder.push_back(node);
        finished[at] = true;
        walk.pop_back();
      } else {
        walk.emplace_back(inputs[next_input++], 0);
      }
    }
  }
  std::vector<int> depth(count, 0);
  for (auto node = postorder.rbegin(); node != postorder.rend(); ++node)
    for (int input : graph[*node].inputs)
      depth[static_cast<std::size_t>(input)] =
          std::max(depth[static_cast<std::size_t>(input)], depth[static_cast<std::size_t>(*node)] + 1);
  std::vector<int> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<int>(i);
  std::ranges::sort(order, {}, [&](int node) {
    const auto at = static_cast<std::size_t>(node);
    return std::tuple(!finished[at], -depth[at], met[at], node);
  });
  return order;
}

}  // namespace petal
