#include "engine/summary.h"

#include <fmt/format.h>

#include <memory>

#include "tools/commands.h"
#include "tools/source_options.h"

namespace petal {

Command add_summary(CLI::App& app) {
  const auto source = std::make_shared<ModelSource>();
  add_source_options(app, *source);
  return [source] {
    fmt::print("{}", summary(open_model(*source).network.graph));
    return 0;
  };
}

}  // namespace petal
