#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "io/atomic_file.h"
#include "tools/commands.h"
#include "tools/device_options.h"
#include "tools/interrupt.h"
#include "trainer/performance/layer_profile.h"

namespace petal {
namespace {

struct ProfileArguments {
  BenchmarkCase what;
  std::string mode = "inference", precision = "f32", by = "layer", sort = "time";
  DeviceOptions device;
  std::size_t most = 0;
  double seconds = 2;
  bool json = false;
  std::filesystem::path trace, html;
};

int profile(const ProfileArguments& a) {
  BenchmarkCase what = a.what;
  what.name = what.source;
  what.work = work_by_name(a.mode);
  what.precision = precision_by_name(a.precision, a.device.device);
  const ProfileRows rows = profile_rows_by_name(a.by);
  LayerProfile found =
      profile_layers(what, backend_factory(a.device), {.seconds = a.seconds, .stop = &stop_on_interrupt()});
  found.limit_measured_in = limit_precision(a.device, what.precision);
  found.machine =
      fmt::format("{}, {} threads; {}", processor_name(), found.what.threads, description_of(a.device));
  fmt::print("{}", a.json ? to_json(found) : to_text(found, rows, a.sort == "time", a.most));
  if (!a.trace.empty()) write_atomically(a.trace, to_trace(found));
  if (!a.html.empty()) write_atomically(a.html, to_html(found));
  return 0;
}

}  // namespace

Command add_profile(CLI::App& app) {
  const auto a = std::make_shared<ProfileArguments>();
  app.add_option("SOURCE", a->what.source, "A run folder, a model file or an architecture")->required();
  app.add_option("--mode", a->mode,
                 "inference, training (a new layer over the frozen, augmented base), from_scratch")
      ->capture_default_str();
  app.add_option("--batch", a->what.batch, "Photos at once; 1 is for latency")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--precision", a->precision, "f32, bf16 or f16")->capture_default_str();
  add_device_options(app, a->device);
  app.add_option("--threads", a->what.threads, "[default: the cores at hand]");
  app.add_option("--alpha", a->what.alpha, "Width of a MobileNet")->capture_default_str();
  app.add_option("--image-size", a->what.image_size, "Height and width of the input [default: the model's]");
  app.add_option("--by", a->by, "Rows: layer, block or kind")->capture_default_str();
  app.add_option("--sort", a->sort, "time, or order of execution")
      ->check(CLI::IsMember({"time", "order"}))
      ->capture_default_str();
  app.add_option("--top", a->most, "Print no more rows than this");
  app.add_option("--seconds", a->seconds, "To time it for, after a warm-up")->capture_default_str();
  app.add_flag("--json", a->json, "Print one JSON document to standard output");
  app.add_option("--trace", a->trace, "Write the last run for chrome://tracing or Perfetto");
  app.add_option("--html", a->html, "Write a page with a picture of where the time goes");
  return [a] { return profile(*a); };
}

}  // namespace petal
