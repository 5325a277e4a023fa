#include "bench/architecture_shapes.h"

#include <fmt/format.h>

#include "bench/shape_list.h"
#include "engine/passes/passes.h"

namespace petal::bench {

std::string shape_list_text(const Architecture& architecture) {
  // A network that is trained from scratch has the two classes of its tutorial.
  const std::int64_t classes = architecture.has_own_head ? 2 : 1000;
  const Graph graph = architecture.build(legal(architecture, {.classes = classes}));
  const Network network = optimize_for_inference({graph, initialize(graph, 1)});
  const std::int64_t size = architecture.default_image_size;
  std::string text = fmt::format(
      "# {0} at {1} x {1}, as an inference plan runs it: how often, layer, inputs, options "
      "(bench/shape_list.h)\n"
      "# Made by: bench_models --print {2}\n",
      architecture.title, size, architecture.name);
  for (const ShapeRow& row : shape_list(network.graph)) {
    text += fmt::format("{:3}  {}\n", row.times, to_text(architecture.name, row));
  }
  return text;
}

}  // namespace petal::bench
