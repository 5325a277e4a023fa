#include "bench/share_reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace petal::bench {
namespace {

// Of the repetitions of one benchmark; not of the statistics on them, nor of what failed.
std::vector<benchmark::BenchmarkReporter::Run> timed(
    const std::vector<benchmark::BenchmarkReporter::Run>& runs) {
  using Run = benchmark::BenchmarkReporter::Run;
  std::vector<Run> found;
  std::ranges::copy_if(runs, std::back_inserter(found), [](const Run& run) {
    return run.run_type == Run::RT_Iteration && run.iterations > 0 && run.counters.count("FLOP") > 0;
  });
  return found;
}

double seconds(const benchmark::BenchmarkReporter::Run& run) {
  return run.real_accumulated_time / static_cast<double>(run.iterations);
}

}  // namespace

void ShareReporter::add(const std::string& name, const std::string& group, double times) {
  rows_[name] = {group, times};
}

void ShareReporter::ReportRuns(const std::vector<Run>& runs) {
  if (runs.empty()) return;
  const std::string& group = rows_[runs.front().run_name.function_name].group;
  if (group != group_) print_group();
  group_ = group;
  reports_.push_back(runs);
}

void ShareReporter::Finalize() {
  print_group();
}

void ShareReporter::print_group() {
  double sum = 0, operations = 0, layers = 0;
  for (const std::vector<Run>& report : reports_) {
    const double times = rows_[report.front().run_name.function_name].times;
    const std::vector<Run> runs = timed(report);
    for (const Run& run : runs) {
      const double part = times / static_cast<double>(runs.size());
      sum += part * seconds(run);
      operations += part * seconds(run) * run.counters.at("FLOP");
      layers += part;
    }
  }
  for (std::vector<Run>& report : reports_) {
    const double times = rows_[report.front().run_name.function_name].times;
    for (Run& run : report) {
      if (timed({run}).empty()) continue;
      run.counters["times"] = times;
      run.counters["percent"] = 100 * times * seconds(run) / sum;
    }
    ConsoleReporter::ReportRuns(report);
  }
  if (sum > 0) {
    GetOutputStream() << fmt::format("{}: {:.0f} layers, {:.3f} ms, {:.1f} GFLOP/s\n", group_, layers,
                                     sum * 1e3, operations / sum / 1e9);
  }
  reports_.clear();
}

}  // namespace petal::bench
