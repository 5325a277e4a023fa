// Times the layers of networks, each alone, from shape lists: `bench_models bench/shapes/mobilenet_v2.txt`.
#include <fmt/format.h>

#include "bench/architecture_shapes.h"
#include "bench/case_suite.h"
#include "bench/shape_list.h"
#include "bench/share_reporter.h"
#include "bench/suite_program.h"
#include "engine/error.h"

namespace petal::bench {
namespace {

constexpr std::int64_t most_samples = 4096;

struct ModelsArguments {
  SuiteArguments suite;
  std::vector<std::filesystem::path> lists;
  std::vector<std::int64_t> batches = {1, 8};
  std::string print;
};

// A list that was read, and what it is called in the results.
struct Network {
  std::string name;
  std::vector<ShapeRow> rows;
};

void add(CaseSuite& suite, ShareReporter& reporter, const Network& network, const std::string& group,
         std::int64_t batch, Direction direction) {
  for (const ShapeRow& row : network.rows) {
    const testing::Case item{.name = to_text(network.name, row),
                             .layer = row.layer,
                             .src = row.src,
                             .batch = batch,
                             .residual = row.residual};
    const std::vector<Direction> directions = testing::directions_of(item);
    if (std::ranges::count(directions, direction) == 0) continue;
    const std::string name = group + "/" + item.name;
    if (suite.add(name, item, direction)) reporter.add(name, group, static_cast<double>(row.times));
  }
}

int models(const ModelsArguments& a) {
  if (!a.print.empty()) {
    fmt::print("{}", shape_list_text(architecture(a.print)));
    return 0;
  }
  if (a.lists.empty())
    throw Error("bench_models", "names no shape list; give one or more of bench/shapes/*.txt");
  std::vector<Network> networks;
  for (const std::filesystem::path& list : a.lists) {
    networks.push_back({list.stem().string(), read_shape_list(list)});
  }
  const std::vector<Direction> directions = directions_of(a.suite);
  ShareReporter reporter;
  std::deque<CaseSuite> suites;
  for (const auto& backend : backends_of(a.suite)) {
    CaseSuite& suite = suites.emplace_back(backend, suite_precision(a.suite));
    for (const Network& network : networks) {
      for (const std::int64_t batch : a.batches) {
        if (batch < 1 || batch > most_samples) {
          throw Error("--batch", fmt::format("{} must be 1 to {}", batch, most_samples));
        }
        for (const Direction direction : directions) {
          add(suite, reporter, network,
              fmt::format("{}/{}/{}/{}", network.name, batch, to_string(direction), backend->name()), batch,
              direction);
        }
      }
    }
    report_left_out(suite.left_out());
  }
  return run_benchmarks(&reporter);
}

}  // namespace
}  // namespace petal::bench

int main(int argc, char** argv) {
  CLI::App app("Times the layers of networks, each alone, from shape lists", "bench_models");
  petal::bench::ModelsArguments arguments;
  arguments.suite.directions = {"forward"};
  app.add_option("LIST", arguments.lists, "Shape lists, as in bench/shapes");
  app.add_option("--batch", arguments.batches, "Samples at once")->delimiter(',')->capture_default_str();
  app.add_option("--print", arguments.print, "Print the shape list of an architecture instead");
  petal::bench::add_suite_options(app, arguments.suite);
  return petal::bench::run_suite_program(app, argc, argv, [&] { return petal::bench::models(arguments); });
}
