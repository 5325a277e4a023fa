#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "tools/commands.h"
#include "tools/device_options.h"

namespace petal::bench {

// What the programs that run suites are told alike.
struct SuiteArguments {
  std::vector<std::string> devices = {"cpu"}, directions;
  DeviceOptions gpu;  // but for its device
  std::string precision = "f32";
  int threads = 0;
};
void add_suite_options(CLI::App& app, SuiteArguments& arguments);

// Throws Error(--directions) that lists the known.
std::vector<Direction> directions_of(const SuiteArguments& arguments);
// Throws Error(--precision). What a device does not compute in it, its suite leaves out.
Precision suite_precision(const SuiteArguments& arguments);
// Throws Error(--device).
std::vector<std::shared_ptr<const Backend>> backends_of(const SuiteArguments& arguments);

// Says on standard error why benchmarks were left out.
void report_left_out(const std::map<std::string, int>& left_out);

// Hands --benchmark_... to Google's library and the rest to `app`, then calls `run`. Exit codes as
// run_command_line's; 2 also for a flag that the library does not know.
int run_suite_program(CLI::App& app, int argc, char** argv, const std::function<int()>& run);
// Runs what is registered; 2 where --benchmark_filter fits none of it.
int run_benchmarks(benchmark::BenchmarkReporter* reporter = nullptr);

}  // namespace petal::bench
