// Times every case of every operation's case table: `bench_operations --benchmark_filter=Conv2D/`. The cases
// are made to be right or wrong on, so most are small; bench_models has the shapes of networks.
#include "bench/case_suite.h"
#include "bench/suite_program.h"
#include "tests/kernels/case_tables.h"

namespace petal::bench {
namespace {

int operations(const SuiteArguments& arguments) {
  const std::vector<Direction> directions = directions_of(arguments);
  std::deque<CaseSuite> suites;
  for (const auto& backend : backends_of(arguments)) {
    CaseSuite& suite = suites.emplace_back(backend, suite_precision(arguments));
    for (const std::vector<testing::Case>& table : testing::case_tables()) {
      for (const testing::Case& item : table) {
        for (const Direction direction : testing::directions_of(item)) {
          if (std::ranges::count(directions, direction) == 0) continue;
          suite.add(std::string(kind(item.layer)) + "/" + item.name + "/" +
                        std::string(to_string(direction)) + "/" + backend->name(),
                    item, direction);
        }
      }
    }
    report_left_out(suite.left_out());
  }
  return run_benchmarks();
}

}  // namespace
}  // namespace petal::bench

int main(int argc, char** argv) {
  CLI::App app("Times the kernels of every operation on the cases that its tests check", "bench_operations");
  petal::bench::SuiteArguments arguments;
  arguments.directions = {"forward", "backward_data", "backward_weights"};
  petal::bench::add_suite_options(app, arguments);
  return petal::bench::run_suite_program(app, argc, argv,
                                         [&] { return petal::bench::operations(arguments); });
}
