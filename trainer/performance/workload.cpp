#include "trainer/performance/workload.h"

#include <algorithm>

#include "engine/batch_plan.h"
#include "engine/error.h"
#include "engine/random.h"
#include "engine/training_plan.h"
#include "models/training_graph.h"
#include "trainer/model_source.h"

namespace petal {
namespace {

constexpr std::int64_t classes = 10;  // of the head that is trained
constexpr std::string_view augmentation = "flip,rotation=0.2";

// A batch of photos in memory: numbers in 0..255, drawn.
class DrawnPhotos final : public SampleSource {
 public:
  DrawnPhotos(std::int64_t batch, const Shape& input)
      : elements_(input.elements()), pixels_(static_cast<std::size_t>(batch * elements_)) {
    const RandomStream random(1, RandomPurpose::drawing, 0);
    for (std::size_t i = 0; i < pixels_.size(); ++i)
      pixels_[i] = static_cast<float>(random.below(static_cast<std::uint32_t>(i), 256));
  }
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    std::copy_n(rows(0, first, count), count * elements_, dst);
  }
  void write_pixels(std::size_t, std::int64_t first, std::int64_t count, std::uint8_t* dst) const override {
    std::transform(rows(0, first, count), rows(0, first + count, 0), dst,
                   [](float x) { return static_cast<std::uint8_t>(x); });
  }
  const float* rows(std::size_t, std::int64_t first, std::int64_t) const override {
    return pixels_.data() + first * elements_;
  }

 private:
  std::int64_t elements_;
  std::vector<float> pixels_;
};

// One photo after the other, or one small batch, on all threads.
class LatencyWorkload final : public Workload {
 public:
  LatencyWorkload(const WorkloadModel& model, const BenchmarkCase& what, const BackendFactory& backends)
      : photos_(what.batch, model.input),
        plan_(compile(model.network.graph, model.network.weights, backends(what.threads),
                      {.batch = what.batch, .precision = what.precision})) {}
  void run() override {
    plan_.read_input_from(0, reinterpret_cast<const std::byte*>(photos_.rows(0, 0, plan_.batch())));
    plan_.run();
  }
  int lanes() const override { return 1; }
  std::int64_t micro_batch() const override { return plan_.batch(); }
  void set_profiling(bool on) override { plan_.set_profiling(on); }
  Profile profile() const override { return plan_.profile(); }
  const Graph& graph() const override { return plan_.graph(); }

 private:
  DrawnPhotos photos_;
  Plan plan_;
};

class ThroughputWorkload final : public Workload {
 public:
  ThroughputWorkload(const WorkloadModel& model, const BenchmarkCase& what, const BackendFactory& backends)
      : photos_(what.batch, model.input),
        plan_(compile_batch(model.network.graph, model.network.weights, backends(what.threads),
                            {.batch = what.batch, .precision = what.precision, .pixels = true})),
        rows_(static_cast<std::size_t>(what.batch * plan_.row_elements())) {}
  // On a device the run before this one is waited for, as where there is one batch after the other to do.
  void run() override {
    plan_.start(photos_, plan_.batch(), rows_.data());
    if (++started_ < plan_.runs_at_once()) return;
    plan_.finish();
    --started_;
  }
  int lanes() const override { return plan_.lanes(); }
  std::int64_t micro_batch() const override { return plan_.micro_batch(); }
  void set_profiling(bool on) override { plan_.set_profiling(on); }
  Profile profile() const override { return plan_.profile(); }
  const Graph& graph() const override { return plan_.graph(); }

 private:
  DrawnPhotos photos_;
  BatchPlan plan_;
  std::vector<float> rows_;
  int started_ = 0;  // and not finished
};

class TrainingWorkload final : public Workload {
 public:
  TrainingWorkload(const WorkloadModel& model, const BenchmarkCase& what, const BackendFactory& backends)
      : photos_(what.batch, model.input),
        graph_(optimize_for_training(model.network).network.graph),
        plan_(compile_training(model.network.graph, model.network.weights, backends(what.threads),
                               {.batch = what.batch, .precision = what.precision, .pixels = true})) {
    for (std::int64_t i = 0; i < what.batch; ++i) targets_.push_back(static_cast<std::int32_t>(i % classes));
  }
  // On a device the step before this one is waited for, as in training.
  void run() override {
    plan_.start({.source = &photos_, .count = plan_.batch(), .targets = targets_.data()},
                {.seed = 1, .epoch = epoch_++, .samples = {}});
    plan_.update(1e-4f);
    if (++started_ < plan_.steps_at_once()) return;
    plan_.finish();
    --started_;
  }
  int devices() const override { return plan_.devices(); }
  int lanes() const override { return plan_.lanes(); }
  std::int64_t micro_batch() const override { return plan_.micro_batch(); }
  void set_profiling(bool on) override { plan_.set_profiling(on); }
  Profile profile() const override { return plan_.profile(); }
  const Graph& graph() const override { return graph_; }

 private:
  DrawnPhotos photos_;
  Graph graph_;
  TrainingPlan plan_;
  std::vector<std::int32_t> targets_;
  std::uint32_t epoch_ = 0;
  int started_ = 0;  // and not finished
};

WorkloadModel with_input(Network network) {
  WorkloadModel model{std::move(network), {}, 0};
  const Graph& graph = model.network.graph;
  model.input = graph[graph.inputs()[0]].shape;
  for (const WeightDeclaration& weight : graph.weights()) model.parameters += weight.shape.elements();
  return model;
}

}  // namespace

WorkloadModel open_workload(const BenchmarkCase& what) {
  if (what.work == Work::inference) {
    return with_input(
        open_model({.source = what.source, .image_size = what.image_size, .alpha = what.alpha}).network);
  }
  if (!names_architecture(what.source)) {
    throw Error("--mode", std::string(to_string(what.work)) + " takes architectures, and " + what.source +
                              " is none; use --mode inference");
  }
  const Architecture& row = architecture(what.source);
  const std::string_view augment = row.has_own_head ? row.augmentation : augmentation;
  const Graph graph = training_graph(row, {.image_size = what.image_size, .alpha = what.alpha},
                                     {.classes = classes}, augment, what.work == Work::from_scratch);
  return with_input({graph, initialize_untrained_base(graph, 1)});
}

std::unique_ptr<Workload> compile_workload(const WorkloadModel& model, const BenchmarkCase& what,
                                           const BackendFactory& backends) {
  if (what.work != Work::inference) return std::make_unique<TrainingWorkload>(model, what, backends);
  if (what.batch == 1) return std::make_unique<LatencyWorkload>(model, what, backends);
  return std::make_unique<ThroughputWorkload>(model, what, backends);
}

double Workload::operations_per_photo() const {
  double operations = 0;
  for (const ProfileEntry& entry : profile().entries) operations += static_cast<double>(entry.operations);
  return operations / static_cast<double>(micro_batch());
}

}  // namespace petal
