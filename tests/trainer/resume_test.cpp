#include <doctest/doctest.h>

#include <algorithm>
#include <bit>

#include "engine/error.h"
#include "io/model_file.h"
#include "tests/event_file_reader.h"
#include "tests/trainer/toy.h"
#include "trainer/train_classifier.h"
#include "trainer/training_checkpoint.h"

using namespace petal;
using namespace petal::test;

namespace {

// A small network from scratch, with augmentation and dropout, so that every random number counts.
struct Job {
  Job() {
    write_colours(folder / "data", 8);
    options.data = folder / "data";
    options.out = folder / "run";
    options.model = "cnn_augmented";
    options.image_size = 46;
    options.epochs = 3;
    options.batch_size = 5;
    options.validation_split = 0.2;
    options.test_split = 0.2;
    options.threads = 2;
    options.checkpoint_seconds = 0;
  }
  TrainResult run(const TrainEvents& events = {}) const {
    return train_classifier(options, cpu_backends(), events);
  }
  TemporaryFolder folder;
  TrainOptions options;
};

void check_same(const TrainResult& a, const TrainResult& b) {
  for (const auto& [name, entry] : a.run.model.network.weights.entries()) {
    const Tensor& other = b.run.model.network.weights.at(name);
    CHECK_MESSAGE(std::ranges::equal(entry.tensor->values(), other.values()), name);
  }
  REQUIRE(a.run.history.epochs.size() == b.run.history.epochs.size());
  for (std::size_t i = 0; i < a.run.history.epochs.size(); ++i) {
    CHECK(a.run.history.epochs[i].loss == b.run.history.epochs[i].loss);
    CHECK(a.run.history.epochs[i].val_loss == b.run.history.epochs[i].val_loss);
  }
}

// The run's TensorBoard events are its history, and there is no second series of them.
void check_events(const TrainResult& result, const std::filesystem::path& out) {
  const auto train = scalar_events(out / "train"), validation = scalar_events(out / "validation");
  const std::vector<EpochRecord>& epochs = result.run.history.epochs;
  REQUIRE(train.size() == epochs.size());
  REQUIRE(validation.size() == epochs.size());
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    CHECK(train[i].step == epochs[i].epoch - 1);
    CHECK(train[i].scalars.at("epoch_loss") == static_cast<float>(epochs[i].loss));
    CHECK(train[i].scalars.at("epoch_learning_rate") == static_cast<float>(epochs[i].learning_rate));
    CHECK(train[i].wall_time == epochs[i].ended);
    CHECK(validation[i].step == epochs[i].epoch - 1);
    CHECK(validation[i].scalars.at("epoch_accuracy") == static_cast<float>(epochs[i].val_accuracy.value()));
  }
  CHECK(std::ranges::is_sorted(train, {}, &ReadEvent::wall_time));
  CHECK_FALSE(std::filesystem::exists(out / "checkpoint" / "train"));
  CHECK_FALSE(std::filesystem::exists(out / "checkpoint" / "validation"));
}

// Stands for a process that dies: throws through everything after so many steps.
class DieAfter : public FitCallback {
 public:
  explicit DieAfter(int steps) : left_(steps) {}
  void batch_ended(const BatchProgress&) override {
    if (--left_ == 0) throw std::runtime_error("killed");
  }

 private:
  int left_;
};

// The steps of the events in a folder at the end of the last epoch, while training runs.
class LiveSteps : public FitCallback {
 public:
  explicit LiveSteps(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void epoch_ended(const EpochRecord&, int) override {
    steps.clear();
    for (const ReadEvent& event : scalar_events(folder_)) steps.push_back(event.step);
  }
  std::vector<std::int64_t> steps{};

 private:
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("a training that died in any step goes on bit for bit") {
  Job whole;
  const TrainResult expected = whole.run();
  REQUIRE(expected.run.history.epochs.size() == 3);
  for (const int steps : {1, 3, 4, 7}) {  // 3 steps an epoch: within, at the end of and behind one
    CAPTURE(steps);
    Job job;
    DieAfter die(steps);
    TrainEvents events;
    events.fit = {&die};
    CHECK_THROWS_AS(job.run(events), std::runtime_error);
    CHECK_FALSE(std::filesystem::exists(job.options.out));
    const auto live = job.folder / "run.checkpoint" / "train";
    const std::size_t epochs_done = steps <= 3 ? 0 : steps <= 6 ? 1 : 2;
    CHECK((std::filesystem::exists(live) ? scalar_events(live).size() : 0) == epochs_done);
    const std::string events_before = epochs_done > 0 ? event_file_in(live) : "";
    job.options.resume = true;
    LiveSteps live_steps(live);
    events.fit = {&live_steps};
    const TrainResult resumed = job.run(events);
    check_same(expected, resumed);
    check_events(resumed, job.options.out);
    CHECK(live_steps.steps == std::vector<std::int64_t>{0, 1, 2});
    CHECK(event_file_in(job.options.out / "train").starts_with(events_before));
    CHECK(std::filesystem::exists(job.options.out / "checkpoint" / "training.checkpoint"));
  }
}

TEST_CASE("a training in bf16 says so and goes on bit for bit; its checkpoint holds float32 weights") {
  Job whole;
  whole.options.precision = {.precision = Precision::bf16};
  const TrainResult expected = whole.run();
  CHECK(expected.run.metrics.precision.precision == Precision::bf16);
  Job job;
  job.options.precision = whole.options.precision;
  DieAfter death(5);
  TrainEvents events;
  events.fit = {&death};
  CHECK_THROWS_AS(job.run(events), std::runtime_error);
  job.options.resume = true;
  const TrainResult resumed = job.run();
  check_same(resumed, expected);
  // Not one that float32 steps would have given, and not rounded.
  Job exact;
  const TrainResult other = exact.run();
  const auto kernel = [](const TrainResult& result) {
    return result.run.model.network.weights.at("conv2d_1/kernel").values();
  };
  CHECK_FALSE(std::ranges::equal(kernel(resumed), kernel(other)));
  CHECK(std::ranges::any_of(kernel(resumed),
                            [](float w) { return (std::bit_cast<std::uint32_t>(w) & 0xffff) != 0; }));
  job.options.precision = {};
  CHECK(error_of([&] { job.run(); }).find("--precision") != std::string::npos);
}

TEST_CASE("a finished training goes on where more epochs are asked for, as if it had been asked at once") {
  Job longer, job;
  longer.options.epochs = 4;
  job.run();
  job.options.resume = true;
  job.options.epochs = 4;
  const TrainResult resumed = job.run();
  check_same(longer.run(), resumed);
  check_events(resumed, job.options.out);
}

TEST_CASE("a checkpoint of another training is refused with what differs; a missing one starts anew") {
  Job job;
  DieAfter die(2);
  TrainEvents events;
  events.fit = {&die};
  CHECK_THROWS_AS(job.run(events), std::runtime_error);
  job.options.resume = true;
  const auto message = [&](auto change) {
    TrainOptions options = job.options;
    change(options);
    return error_of([&] { train_classifier(options, cpu_backends()); });
  };
  CHECK(message([](auto& o) { o.batch_size = 4; }).find("--batch-size") != std::string::npos);
  CHECK(message([](auto& o) { o.learning_rate = 0.5f; }).find("--learning-rate") != std::string::npos);
  CHECK(message([](auto& o) { o.image_size = 48; }).find("network") != std::string::npos);
  CHECK(message([](auto& o) { o.augment = "flip"; }).find("network") != std::string::npos);
  CHECK(message([](auto& o) { o.seed = 2; }).find("--seed") != std::string::npos);
  CHECK(message([](auto& o) { o.tensor_float32 = true; }).find("--tf32") != std::string::npos);
  CHECK(message([](auto& o) { o.out.clear(); }).find("--resume") == 0);
  std::filesystem::remove_all(job.folder / "run.checkpoint");
  CHECK(job.run().run.history.epochs.size() == 3);
}

TEST_CASE(
    "a checkpoint keeps the loss's factor in float16 and how long it has held; in float32 there is none") {
  const TemporaryFolder folder;
  const TrainingCheckpoint checkpoint(folder / "checkpoint", {});
  SavedTraining saved;
  const auto restored = [&] {
    checkpoint.save(saved);
    return checkpoint.load().state.optimizer;
  };
  CHECK(restored().loss_scale == 0);
  saved.state.optimizer.loss_scale = 8192;
  saved.state.optimizer.finite_steps = 1234;
  CHECK(restored().loss_scale == 8192);
  CHECK(restored().finite_steps == 1234);
}

TEST_CASE("fine-tuning changes the base from its layer on, but not its batch norms, and can be resumed") {
  Job whole;
  whole.options.model = "mobilenet_v2";
  whole.options.image_size = 32;
  whole.options.alpha = 0.35f;
  whole.options.epochs = 1;
  whole.options.learning_rate = 0.01f;
  whole.options.cache.reset();
  whole.options.fine_tune = FineTune{.from = "block_16_expand", .epochs = 2, .learning_rate = 0.01f};
  const TrainResult expected = whole.run();
  CHECK(expected.run.history.epochs.size() == 3);
  CHECK(expected.run.history.epochs.back().epoch == 3);
  Job head = {};
  head.options = whole.options;
  head.options.data = whole.options.data;
  head.options.out = head.folder / "run";
  head.options.fine_tune.reset();
  const TrainResult before = head.run();
  const auto same = [&](const std::string& name) {
    return std::ranges::equal(before.run.model.network.weights.at(name).values(),
                              expected.run.model.network.weights.at(name).values());
  };
  CHECK(same("Conv1/kernel"));
  CHECK(same("block_15_project/kernel"));
  CHECK_FALSE(same("block_16_expand/kernel"));
  CHECK_FALSE(same("Conv_1/kernel"));
  CHECK_FALSE(same("predictions/kernel"));
  CHECK(same("Conv_1_bn/gamma"));
  CHECK(same("Conv_1_bn/moving_mean"));

  Job job;
  job.options = whole.options;
  job.options.out = job.folder / "run";
  DieAfter die(3 + 4);  // in the second phase
  TrainEvents events;
  events.fit = {&die};
  CHECK_THROWS_AS(job.run(events), std::runtime_error);
  CHECK(scalar_events(job.folder / "run.checkpoint" / "train").size() == 2);  // of both phases
  job.options.resume = true;
  const TrainResult resumed = job.run();
  check_same(expected, resumed);
  check_events(resumed, job.options.out);

  Job unknown;
  unknown.options = whole.options;
  unknown.options.out = unknown.folder / "run";
  unknown.options.fine_tune->from = "block_17_expand";
  CHECK(error_of([&] { unknown.run(); }).find("--fine-tune") == 0);
}
