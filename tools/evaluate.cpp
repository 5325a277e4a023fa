#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "engine/stopwatch.h"
#include "tools/commands.h"
#include "tools/device_options.h"
#include "tools/interrupt.h"
#include "tools/report_text.h"
#include "tools/source_options.h"
#include "trainer/evaluate.h"
#include "trainer/progress.h"

namespace petal {
namespace {

struct EvaluateArguments {
  ModelSource source;
  std::filesystem::path data;
  DeviceOptions device;
  std::string precision = "f32";
  int threads = 0;
  bool strict = false, json = false;
};

int evaluate(const EvaluateArguments& a) {
  const Stopwatch whole;
  const Model model = open_for_photos(a.source);
  PhotoProgressPrinter printer(stderr, isatty(fileno(stderr)) != 0, "photos");
  PhotoStreamOptions options;
  options.threads = a.threads;
  options.strict = a.strict;
  options.stop = &stop_on_interrupt();
  options.progress = [&](std::int64_t done, std::int64_t total) { printer(done, total); };
  MetricsDocument document;
  const BackendFactory backends = backend_factory(a.device);
  document.device = backends(a.threads)->name();
  ImageFolder folder = scan_for(model, a.data);
  document.precision = choose_precision(requested_precision(a.precision, a.device.device), model,
                                        folder.photos, backends, options);
  options.precision = document.precision.precision;
  if (const std::string text = to_text(document.precision); !text.empty()) fmt::print(stderr, "{}\n", text);
  document.seconds.load = whole.seconds();
  const FolderEvaluation result = evaluate_folder(model, std::move(folder), backends, options);
  for (const PhotoMessage& photo : result.scored.skipped) {
    fmt::print(stderr, "warning: {} is left out: {}\n", photo.photo, photo.message);
  }
  document.evaluation = result.evaluation;
  document.evaluated_on = a.data.string();
  document.seconds.total = whole.seconds();
  document.seconds.evaluate = document.seconds.total - document.seconds.load;
  document.peak_memory_bytes = peak_memory_bytes();
  document.photos_computed = static_cast<std::int64_t>(result.scored.photos.size());
  document.photos_skipped = static_cast<std::int64_t>(result.scored.skipped.size());
  fmt::print("{}", a.json ? to_json(document) : evaluation_text(document));
  return 0;
}

}  // namespace

Command add_evaluate(CLI::App& app) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  add_source_options(app, arguments->source);
  app.add_option("DATA", arguments->data, "A folder with a folder a class")->required();
  add_device_options(app, arguments->device);
  app.add_option("--precision", arguments->precision, "f32, bf16, f16, or auto, as petal train takes it")
      ->capture_default_str();
  app.add_option("--threads", arguments->threads, "[default: the cores at hand]");
  app.add_flag("--strict", arguments->strict, "Stop at the first photo that cannot be decoded");
  app.add_flag("--json", arguments->json, "Print one JSON document to standard output");
  return [arguments] { return evaluate(*arguments); };
}

}  // namespace petal
