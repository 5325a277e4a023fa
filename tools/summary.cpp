#include "engine/summary.h"

#include <fmt/format.h>

#include <memory>

#include "engine/plan.h"
#include "tools/commands.h"
#include "tools/device_options.h"
#include "tools/source_options.h"

namespace petal {
namespace {

// What one photo's inference takes besides the weights.
std::string memory_line(const Model& model) {
  const Plan plan =
      compile(model.network.graph, model.network.weights, backend_factory(DeviceOptions{})(1), {});
  return fmt::format(" Memory: {} for the values of one sample in inference, laid out by lifetimes\n",
                     readable_size(static_cast<std::int64_t>(plan.arena_bytes())));
}

}  // namespace

Command add_summary(CLI::App& app) {
  const auto source = std::make_shared<ModelSource>();
  add_source_options(app, *source);
  return [source] {
    const Model model = open_model(*source);
    fmt::print("{}{}", summary(model.network.graph), memory_line(model));
    return 0;
  };
}

}  // namespace petal
