#include "bench/suite_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/error.h"
#include "kernels/cuda/backend.h"
#include "kernels/reference/backend.h"

namespace petal::bench {

void add_suite_options(CLI::App& app, SuiteArguments& arguments) {
  app.add_option("--device", arguments.devices,
                 "cpu, cuda, reference (the plain loops), or cuda-own and cuda-libraries: a GPU with our\n"
                 "kernels alone, and with the libraries' wherever they have one")
      ->delimiter(',')
      ->capture_default_str();
  add_gpu_options(app, arguments.gpu);
  app.add_option("--directions", arguments.directions, "forward, backward_data, backward_weights")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--precision", arguments.precision, "f32, bf16 or f16")->capture_default_str();
  app.add_option("--threads", arguments.threads, "[default: the cores at hand]");
  app.footer(
      "Flags of Google Benchmark, among them --benchmark_filter=REGEX, --benchmark_min_time=SECONDS,\n"
      "--benchmark_repetitions=N, --benchmark_list_tests and --benchmark_out=FILE.json, work as well.");
}

std::vector<Direction> directions_of(const SuiteArguments& arguments) {
  std::vector<Direction> directions;
  for (const std::string& name : arguments.directions) {
    constexpr Direction known[] = {Direction::forward, Direction::backward_data, Direction::backward_weights};
    const auto* const found =
        std::ranges::find_if(known, [&](Direction direction) { return name == to_string(direction); });
    if (found == std::end(known)) {
      throw Error("--directions",
                  "'" + name + "' is not known; known are forward, backward_data, backward_weights");
    }
    directions.push_back(*found);
  }
  return directions;
}

Precision suite_precision(const SuiteArguments& arguments) {
  const PrecisionRequest request = precision_request(arguments.precision, Bfloat16Speed::slower);
  if (request.is_automatic) throw Error("--precision", "auto is for photos; give f32, bf16 or f16");
  return request.precision;
}

std::vector<std::shared_ptr<const Backend>> backends_of(const SuiteArguments& arguments) {
  if (arguments.threads < 0)
    throw Error("--threads", std::to_string(arguments.threads) + " must be 0 or more");
  std::vector<std::shared_ptr<const Backend>> backends;
  for (const std::string& device : arguments.devices) {
    if (device == "reference") {
      backends.push_back(make_reference_backend());
      continue;
    }
    if (device == "cuda-own" || device == "cuda-libraries") {
      const bool own = device == "cuda-own";
      backends.push_back(make_cuda_backend({.kernels = own ? CudaKernels::own : CudaKernels::libraries,
                                            .tensor_float32 = arguments.gpu.tensor_float32,
                                            .deterministic = arguments.gpu.deterministic}));
      continue;
    }
    DeviceOptions options = is_gpu(device) ? arguments.gpu : DeviceOptions{};
    options.device = device;
    backends.push_back(backend_factory(options)(arguments.threads));
  }
  return backends;
}

void report_left_out(const std::map<std::string, int>& left_out) {
  for (const auto& [reason, count] : left_out) fmt::print(stderr, "{} left out: {}\n", count, reason);
}

int run_suite_program(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  const auto is_theirs = [](const char* argument) {
    return std::string_view(argument).starts_with("--benchmark_");
  };
  char** const ours = std::stable_partition(argv + 1, argv + argc, is_theirs);
  std::vector<char*> own = {argv[0]};
  own.insert(own.end(), ours, argv + argc);
  int theirs = static_cast<int>(ours - argv);
  benchmark::Initialize(&theirs, argv);
  if (benchmark::ReportUnrecognizedArguments(theirs, argv)) return 2;
  return run_command_line(app, static_cast<int>(own.size()), own.data(), run);
}

int run_benchmarks(benchmark::BenchmarkReporter* reporter) {
  return benchmark::RunSpecifiedBenchmarks(reporter) > 0 ? 0 : 2;
}

}  // namespace petal::bench
