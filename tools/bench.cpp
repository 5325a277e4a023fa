#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "models/registry.h"
#include "tools/commands.h"
#include "tools/device_options.h"
#include "tools/interrupt.h"
#include "trainer/performance/benchmark.h"
#include "trainer/performance/end_to_end.h"

namespace petal {
namespace {

struct BenchArguments {
  std::vector<std::string> sources, models, modes = {"inference"}, precisions = {"f32"};
  std::vector<std::int64_t> batches = {1, 32};
  std::vector<int> threads = {0};
  DeviceOptions device;
  float alpha = 1.0f;
  std::int64_t image_size = 0;
  double seconds = 2;
  bool json = false, csv = false;
  std::filesystem::path picture;
  TrainOptions end_to_end;
};

// A run folder by its own name, anything else as it was given.
std::string short_name(const std::string& source) {
  std::error_code ignored;
  const std::filesystem::path path(source);
  if (!std::filesystem::is_directory(path, ignored)) return source;
  return path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
}

std::vector<std::string> sources_of(const BenchArguments& a) {
  std::vector<std::string> sources = a.sources;
  sources.insert(sources.end(), a.models.begin(), a.models.end());
  if (!sources.empty()) return sources;
  for (const Architecture& row : architectures()) sources.push_back(row.name);
  return sources;
}

std::vector<BenchmarkCase> cases_of(const BenchArguments& a, const std::vector<Precision>& precisions) {
  std::vector<BenchmarkCase> cases;
  for (const std::string& source : sources_of(a))
    for (const std::string& mode : a.modes)
      for (const Precision precision : precisions)
        for (const int threads : a.threads)
          for (const std::int64_t batch : a.batches) {
            if (batch < 1) throw Error("--batch", std::to_string(batch) + " must be 1 or more");
            // One photo is no batch to train on.
            if (work_by_name(mode) != Work::inference && batch == 1 && a.batches.size() > 1) continue;
            const bool named = std::ranges::any_of(architectures(), [&](const Architecture& row) {
              return row.name == source && row.alphas.size() > 1;
            });
            cases.push_back({.name = short_name(source),
                             .source = source,
                             .alpha = named ? a.alpha : 1.0f,
                             .image_size = a.image_size,
                             .work = work_by_name(mode),
                             .batch = batch,
                             .precision = precision,
                             .threads = threads});
          }
  return cases;
}

const DeviceLimit& limit_of(const BenchmarkReport& report, Precision precision) {
  return std::ranges::find(report.limits, precision, &PrecisionLimit::precision)->limit;
}

int bench(const BenchArguments& a) {
  const BackendFactory backends = backend_factory(a.device);
  const std::atomic<bool>& stop = stop_on_interrupt();
  if (!a.end_to_end.data.empty()) {
    TrainOptions options = a.end_to_end;
    options.image_size = a.image_size;
    options.alpha = a.alpha;
    options.threads = a.threads.front();
    if (!a.models.empty()) options.model = a.models.front();
    TrainEvents events;
    events.stop = &stop;
    const EndToEnd result = run_end_to_end(options, backends, events);
    fmt::print("{}", a.json ? to_json(result) : to_text(result));
    return 0;
  }
  std::vector<Precision> precisions;
  for (const std::string& name : a.precisions) precisions.push_back(precision_by_name(name, a.device.device));
  const std::vector<BenchmarkCase> cases = cases_of(a, precisions);
  const std::shared_ptr<const Backend> backend = backends(a.threads.front());
  BenchmarkReport report{.machine = fmt::format("{}, {} threads; {}", processor_name(), backend->threads(),
                                                description_of(a.device)),
                         .device = backend->name(),
                         .limits = {},
                         .results = {}};
  for (const Precision precision : precisions) {
    report.limits.push_back(
        {precision, limit_precision(a.device, precision), backend->measure_limit(precision)});
  }
  for (const BenchmarkCase& what : cases) {
    fmt::print(stderr, "{} {}, batch {}, {} ...\n", what.name, to_string(what.work), what.batch,
               to_string(what.precision));
    report.results.push_back(run_benchmark(what, backends, limit_of(report, what.precision),
                                           {.seconds = a.seconds, .stop = &stop}));
  }
  fmt::print("{}", a.json ? to_json(report) : a.csv ? to_csv(report) : to_text(report));
  if (!a.picture.empty()) write_atomically(a.picture, to_svg(report));
  return 0;
}

}  // namespace

Command add_bench(CLI::App& app) {
  const auto a = std::make_shared<BenchArguments>();
  app.add_option("SOURCE", a->sources,
                 "Run folders, model files or architectures [default: every architecture]");
  app.add_option("--models", a->models, "Architectures, by commas")->delimiter(',');
  app.add_option("--mode", a->modes,
                 "inference, training (a new layer over the frozen, augmented base), from_scratch")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--batch", a->batches, "Photos at once; 1 is for latency")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--precision", a->precisions, "f32, bf16 or f16")->delimiter(',')->capture_default_str();
  app.add_option("--threads", a->threads, "[default: the cores at hand]")->delimiter(',');
  add_device_options(app, a->device);
  app.add_option("--alpha", a->alpha, "Width of the MobileNets")->capture_default_str();
  app.add_option("--image-size", a->image_size, "Height and width of the input [default: the model's]");
  app.add_option("--seconds", a->seconds, "To time each case for, after a warm-up")->capture_default_str();
  app.add_flag("--json", a->json, "Print one JSON document to standard output");
  app.add_flag("--csv", a->csv, "Print lines of comma-separated values");
  app.add_option("--picture", a->picture, "Write an SVG: bars; of run folders, accuracy against speed");
  app.add_option("--end-to-end", a->end_to_end.data,
                 "Time the whole transfer job on this folder of photos instead, by stage");
  app.add_option("--weights", a->end_to_end.weights, "The base's weights for --end-to-end");
  app.add_flag("--fast-decode", a->end_to_end.fast_decode, "In --end-to-end, as petal train takes it");
  app.add_option("--epochs", a->end_to_end.epochs, "Of --end-to-end")->capture_default_str();
  return [a] { return bench(*a); };
}

}  // namespace petal
