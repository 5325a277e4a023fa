#include "trainer/performance/benchmark.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/stopwatch.h"
#include "trainer/metrics.h"
#include "trainer/performance/quantile.h"
#include "trainer/performance/workload.h"
#include "trainer/workers.h"

namespace petal {
namespace {

// Runs until the time is over, and at least `least` times; milliseconds of each run.
std::vector<double> timed_runs(Workload& workload, double seconds, int least, const std::atomic<bool>* stop) {
  std::vector<double> milliseconds;
  const Stopwatch whole;
  while (static_cast<int>(milliseconds.size()) < least || whole.seconds() < seconds) {
    if (stop && *stop) throw Error("bench", "interrupted", ErrorKind::interrupted);
    const Stopwatch run;
    workload.run();
    milliseconds.push_back(run.seconds() * 1e3);
  }
  std::ranges::sort(milliseconds);
  return milliseconds;
}

std::optional<double> accuracy_of(const std::filesystem::path& run) {
  std::ifstream in(run / "metrics.json");
  const nlohmann::json metrics = nlohmann::json::parse(in, nullptr, false);
  if (!metrics.is_object() || !metrics.contains("test_accuracy")) return std::nullopt;
  const nlohmann::json& accuracy = metrics["test_accuracy"];
  return accuracy.is_number() ? std::optional(accuracy.get<double>()) : std::nullopt;
}

}  // namespace

std::string_view to_string(Work work) {
  switch (work) {
    case Work::inference:
      return "inference";
    case Work::training:
      return "training";
    case Work::from_scratch:
      return "from_scratch";
  }
  return "";
}

Work work_by_name(const std::string& name) {
  for (const Work work : {Work::inference, Work::training, Work::from_scratch})
    if (name == to_string(work)) return work;
  throw Error("--mode", "'" + name + "' is not known; known are inference, training, from_scratch");
}

double BenchmarkResult::latency(double share) const {
  return quantile(milliseconds, share);
}
double BenchmarkResult::photos_per_second() const {
  return static_cast<double>(what.batch) / latency(0.5) * 1e3;
}
double BenchmarkResult::spread() const {
  return (latency(0.9) - latency(0.1)) / latency(0.5);
}

BenchmarkResult run_benchmark(const BenchmarkCase& what, const BackendFactory& backends,
                              const DeviceLimit& limit, const BenchmarkTiming& timing) {
  BenchmarkResult result{.what = what, .milliseconds = {}};
  result.what.threads = resolve_threads(what.threads);
  reset_peak_memory();
  const WorkloadModel model = open_workload(what);
  const Stopwatch compiling;
  const std::unique_ptr<Workload> workload = compile_workload(model, result.what, backends);
  result.compile_seconds = compiling.seconds();
  result.what.image_size = model.input[0];
  result.lanes = workload->lanes();
  result.micro_batch = workload->micro_batch();
  result.parameters = model.parameters;
  timed_runs(*workload, timing.warm_up_seconds, 2, timing.stop);
  result.milliseconds = timed_runs(*workload, timing.seconds, 5, timing.stop);
  result.peak_memory_bytes = peak_memory_bytes();
  const double operations = workload->operations_per_photo();
  result.operations = std::llround(operations);
  const double all_devices = limit.operations_per_second * workload->devices();
  if (all_devices > 0) result.share_of_limit = operations * result.photos_per_second() / all_devices;
  result.accuracy = accuracy_of(what.source);
  return result;
}

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    return colon == std::string::npos ? "" : line.substr(colon + 2);
  }
  return "";
}

void reset_peak_memory() {
  malloc_trim(0);
  // 5 resets VmHWM (Linux, proc(5)).
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace petal
