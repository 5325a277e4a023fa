// Times training steps of a model on photos in memory: `training_step MODEL DATA [WEIGHTS]` prints one JSON
// line with milliseconds a step, photos a second of the input pipeline with augmentation, and peak memory.
// On a GPU a step is started before the last one is done, as in training.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "engine/stopwatch.h"
#include "engine/training_plan.h"
#include "io/hdf5/keras_weights.h"
#include "models/training_graph.h"
#include "tools/commands.h"
#include "tools/device_options.h"
#include "trainer/metrics.h"
#include "trainer/performance/quantile.h"
#include "trainer/photo_samples.h"

namespace petal {
namespace {

constexpr std::int64_t batch = 32, image_size = 160;

std::vector<std::int64_t> order_of(const Samples& samples) {
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < samples.size(); ++i) order.push_back(i * 7919 % samples.size());
  return order;
}

// Milliseconds of each step, sorted, after some to warm up.
std::vector<double> step_times(TrainingPlan& plan, Samples& samples, int steps) {
  constexpr int warm_up = 5;
  std::vector<double> milliseconds;
  std::vector<std::int32_t> targets(batch);
  const std::vector<std::int64_t> order = order_of(samples);
  const auto batches = static_cast<int>(samples.size() / batch);
  int started = 0;  // and not finished
  for (int step = 0; step < steps + warm_up; ++step) {
    if (step % batches == 0) samples.begin(order, batch);
    const Stopwatch run;
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i) {
      const auto at = static_cast<std::size_t>(step % batches * batch) + i;
      targets[i] = samples.labels()[static_cast<std::size_t>(order[at])];
    }
    plan.start({.source = &samples.next(), .count = batch, .targets = targets.data()},
               {.seed = 1, .epoch = static_cast<std::uint32_t>(step), .samples = {}});
    plan.update(1e-3f);
    for (++started; started == plan.steps_at_once(); --started) plan.finish();
    if (step >= warm_up) milliseconds.push_back(run.seconds() * 1e3);
  }
  for (; started > 0; --started) plan.finish();
  std::ranges::sort(milliseconds);
  return milliseconds;
}

// Photos a second that reading and augmenting them alone would allow, all lanes together.
double pipeline_rate(TrainingPlan& plan, Samples& samples) {
  constexpr int steps = 10;
  plan.set_profiling(true);
  step_times(plan, samples, steps);
  double seconds = 0, photos = 0;
  for (const ProfileEntry& entry : plan.profile().entries) {
    if (entry.kind == "input") photos = static_cast<double>(entry.runs * plan.micro_batch());
    if (entry.kind == "input" || entry.kind.starts_with("Random")) seconds += entry.seconds;
  }
  return photos / seconds * plan.lanes();
}

}  // namespace

struct StepArguments {
  std::string model;
  std::filesystem::path data, weights;
  std::string precision = "f32";
  DeviceOptions device;
};

int run(const StepArguments& a) {
  const Architecture& row = architecture(a.model);
  const std::string augment = row.has_own_head ? row.augmentation : "flip,rotation=0.2";
  const Graph graph = training_graph(row, {.image_size = image_size}, Head{.classes = 2}, augment);
  Weights weights = initialize(graph, 1);
  if (!a.weights.empty()) {
    load_keras_weights(a.weights, graph, weights,
                       {.exclude_file_layers = row.head_layers, .keep_layers = {"predictions"}});
  }
  const ImageFolder folder = scan_folder(a.data);
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < folder.photos.size(); ++i) all.push_back(static_cast<std::int64_t>(i));
  const Stopwatch decoding;
  PhotoSamples samples(folder.photos, all, {.height = image_size, .width = image_size});
  const double decoded = static_cast<double>(samples.size()) / decoding.seconds();

  TrainingPlan plan = compile_training(graph, weights, backend_factory(a.device)(0),
                                       {.batch = batch,
                                        .precision = precision_by_name(a.precision, a.device.device),
                                        .optimizer = Adam{},
                                        .pixels = samples.are_pixels()});
  const std::vector<double> times = step_times(plan, samples, 40);

  const double pipeline = pipeline_rate(plan, samples);
  fmt::print(
      "{{\"ms_a_step\": {:.2f}, \"fastest\": {:.2f}, \"decoded_photos_a_second\": {:.0f}, "
      "\"pipeline_photos_a_second\": {:.0f}, \"peak_mb\": {:.0f}}}\n",
      quantile(times, 0.5), times.front(), decoded, pipeline,
      static_cast<double>(peak_memory_bytes()) / 1048576.0);
  return 0;
}

}  // namespace petal

int main(int argc, char** argv) {
  CLI::App app("Times training steps of a model on photos in memory", "training_step");
  petal::StepArguments arguments;
  app.add_option("MODEL", arguments.model, "An architecture")->required();
  app.add_option("DATA", arguments.data, "A folder of photos, a folder a class")->required();
  app.add_option("WEIGHTS", arguments.weights, "Keras's weights for the base");
  app.add_option("--precision", arguments.precision, "f32, bf16 or f16")->capture_default_str();
  petal::add_device_options(app, arguments.device);
  return petal::run_command_line(app, argc, argv, [&] { return petal::run(arguments); });
}
