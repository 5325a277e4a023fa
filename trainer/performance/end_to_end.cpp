#include "trainer/performance/end_to_end.h"

#include <fmt/format.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "engine/stopwatch.h"
#include "trainer/performance/benchmark.h"
#include "trainer/photo_reader.h"
#include "trainer/train_options.h"
#include "trainer/training_base.h"
#include "trainer/workers.h"

namespace petal {
namespace {

// Decodes and resizes every photo on all threads and throws the pixels away.
void decode_all(const ImageFolder& folder, const Shape& input, const TrainOptions& options) {
  const int threads = resolve_threads(options.threads);
  std::atomic<std::size_t> next = 0;
  run_workers(threads, [&](int) {
    std::vector<float> pixels(static_cast<std::size_t>(input.elements()));
    for (std::size_t i = next++; i < folder.photos.size(); i = next++) {
      read_photo(folder.photos[i], input[0], input[1], decode_options(options), pixels.data());
    }
  });
}

}  // namespace

EndToEnd run_end_to_end(TrainOptions options, const BackendFactory& backends, const TrainEvents& events) {
  options.cache.reset();
  options.out.clear();
  EndToEnd result;
  const Stopwatch scanning;
  const ImageFolder folder = scan_folder(options.data);
  result.scan = scanning.seconds();
  const Graph graph = TrainingBase(options).graph(folder.labels.size());
  const Stopwatch decoding;
  decode_all(folder, graph[graph.inputs()[0]].shape, options);
  result.decode = decoding.seconds();
  reset_peak_memory();
  const TrainResult job = train_classifier(options, backends, events);
  result.job = job.run.metrics.seconds;
  result.photos = static_cast<std::int64_t>(folder.photos.size());
  result.skipped = job.run.metrics.photos_skipped;
  result.accuracy = job.run.metrics.evaluation.accuracy;
  result.peak_memory_bytes = peak_memory_bytes();
  return result;
}

std::string to_text(const EndToEnd& r) {
  const double total = r.job.total;
  std::string text = fmt::format("{} photos, {} skipped\n", r.photos, r.skipped);
  const auto stage = [&](const char* name, double seconds, const char* note) {
    text += fmt::format("{:10} {:8.3f} s {:5.1f} %  {}\n", name, seconds, 100 * seconds / total, note);
  };
  stage("scan", r.scan, "list and sort the photos");
  stage("decode", r.decode, "decode and resize them, alone; overlaps features in the job");
  stage("load", r.job.load, "scan, split, build the model, read its weights");
  stage("features", r.job.features, "decode and run the frozen base");
  stage("train", r.job.train, "the new layers");
  stage("evaluate", r.job.evaluate, "");
  text += fmt::format("{:10} {:8.3f} s; accuracy {:.4f}; {} MB at most\n", "total", total, r.accuracy,
                      r.peak_memory_bytes >> 20);
  return text;
}

std::string to_json(const EndToEnd& r) {
  const nlohmann::ordered_json json = {{"photos", r.photos},
                                       {"skipped", r.skipped},
                                       {"seconds",
                                        {{"scan", r.scan},
                                         {"decode", r.decode},
                                         {"load", r.job.load},
                                         {"features", r.job.features},
                                         {"train", r.job.train},
                                         {"evaluate", r.job.evaluate},
                                         {"total", r.job.total}}},
                                       {"accuracy", r.accuracy},
                                       {"peak_memory_bytes", r.peak_memory_bytes}};
  return json.dump(2) + "\n";
}

}  // namespace petal
