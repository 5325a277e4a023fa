#include "trainer/train_classifier.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/model_file.h"
#include "models/training_graph.h"
#include "tests/trainer/toy.h"
#include "trainer/workers.h"

using namespace petal;
using namespace petal::test;

namespace {

// A whole model whose base lets colours through: random numbers, with kernels large enough that the signal
// does not fade from block to block and ends as large as trained features. Its head is another's, of seven
// classes.
void write_base(const std::filesystem::path& file) {
  Model model{.network = {}, .labels = {}, .architecture = "mobilenet_v2"};
  model.network.graph =
      training_graph(architecture("mobilenet_v2"), {.image_size = 32, .alpha = 0.35f, .include_top = false},
                     Head{.classes = 7});
  model.network.weights = initialize(model.network.graph, 9);
  for (const WeightDeclaration& weight : model.network.graph.weights()) {
    float gain = weight.name == "Conv_1/kernel" ? 3000.0f : 1.0f;
    if (weight.name.ends_with("depthwise_kernel")) gain = std::sqrt(static_cast<float>(weight.shape[2]));
    for (float& value : model.network.weights.edit(weight.name).values<float>()) value *= gain;
  }
  save_model(file, model);
}

// The smallest MobileNetV2 on photos of three colours.
struct Job {
  Job() {
    write_colours(folder / "data", 10);
    options.data = folder / "data";
    options.out = folder / "run";
    options.image_size = 32;
    options.alpha = 0.35f;
    options.epochs = 12;
    options.learning_rate = 0.01f;
    options.validation_split = 0.2;
    options.test_split = 0.2;
    options.cache = folder / "cache";
    options.threads = 2;
  }
  TrainResult run(const TrainEvents& events = {}) const {
    return train_classifier(options, cpu_backends(), events);
  }
  TemporaryFolder folder;
  TrainOptions options;
};

std::vector<float> scores(const TrainResult& result) {
  std::vector<float> all;
  for (const PhotoPrediction& prediction : result.run.predictions) {
    for (const ClassScore& score : prediction.top) all.push_back(score.probability);
  }
  return all;
}

}  // namespace

TEST_CASE("transfer: the whole job leaves a run whose saved model gives the same answers") {
  Job job;
  write_text(job.options.data / "red" / "broken.jpg", "no photo");
  write_base(job.folder / "base.h5");
  job.options.weights = job.folder / "base.h5";
  job.options.epochs = 40;
  job.options.device = "cuda";
  job.options.tensor_float32 = true;
  job.options.autotune = true;
  job.options.gpu_memory = 5'000'000'000;
  job.options.batch_size = 6;
  std::vector<std::string> warnings;
  TrainEvents events;
  events.warning = [&](const std::string& line) { warnings.push_back(line); };
  const TrainResult result = job.run(events);
  CHECK(result.features.computed == 30);
  CHECK(result.features.skipped == 1);
  CHECK(std::ranges::any_of(warnings,
                            [](const std::string& line) { return line.starts_with("red/broken.jpg"); }));
  CHECK(result.run.metrics.evaluation.accuracy > 0.9);
  CHECK(result.run.history.epochs.size() == 40);

  const auto metrics = nlohmann::json::parse(read_text(job.options.out / "metrics.json"));
  CHECK(metrics["test_accuracy"].get<double>() == result.run.metrics.evaluation.accuracy);
  CHECK(metrics["evaluated_on"] == "test");
  CHECK(metrics["seconds"]["total"].get<double>() > 0);
  const auto options = nlohmann::json::parse(read_text(job.options.out / "options.json"));
  CHECK(options["epochs"] == 40);
  CHECK(options["device"] == "cuda");
  CHECK(options["tf32"] == true);
  CHECK(options["autotune"] == true);
  CHECK(options["gpu_memory"] == 5'000'000'000);
  // What ran, and not what was asked for.
  CHECK(metrics["device"] == "cpu");

  // The saved model on the photos themselves, against the predictions from cached features.
  const Model model = load_model(job.options.out / "model.h5");
  CHECK(model.labels == std::vector<std::string>{"blue", "green", "red"});
  CHECK(model.architecture == "mobilenet_v2");
  std::vector<Photo> photos;
  for (const PhotoPrediction& prediction : result.run.predictions) photos.push_back(prediction.photo);
  REQUIRE(photos.size() == 6);
  const ScoredPhotos scored = score_photos(model, photos, cpu_backends(), {.threads = 2});
  const auto again = predictions(scored, photos, model.labels, 3);
  for (std::size_t i = 0; i < photos.size(); ++i) {
    CHECK(again[i].top[0].label == result.run.predictions[i].top[0].label);
    CHECK(again[i].top[0].probability ==
          doctest::Approx(result.run.predictions[i].top[0].probability).epsilon(1e-4));
  }
}

TEST_CASE(
    "transfer: a second run takes its features from the cache, and gives the same numbers for any threads") {
  Job job;
  std::vector<std::string> warnings;
  TrainEvents events;
  events.warning = [&](const std::string& line) { warnings.push_back(line); };
  const TrainResult first = job.run(events);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("--weights") != std::string::npos);  // a random base is said to be one
  job.options.force = true;
  const TrainResult cached = job.run();
  CHECK(cached.features.from_cache == 30);
  CHECK(cached.features.computed == 0);
  CHECK(scores(cached) == scores(first));
  job.options.cache.reset();
  job.options.threads = 1;
  const TrainResult one_thread = job.run();
  CHECK(one_thread.features.computed == 30);
  CHECK(scores(one_thread) == scores(first));
  job.options.seed = 2;
  CHECK(scores(job.run()) != scores(first));
}

TEST_CASE("transfer: train and validation folders, evaluated on validation, and said so") {
  Job job;
  write_colours(job.folder / "both" / "train", 6);
  write_colours(job.folder / "both" / "validation", 2);
  job.options.data = job.folder / "both";
  job.options.balanced_class_weights = true;
  job.options.early_stopping = EarlyStopping{.patience = 3};
  std::vector<std::string> lines;
  TrainEvents events;
  events.info = [&](const std::string& line) { lines.push_back(line); };
  const TrainResult result = job.run(events);
  CHECK(result.run.metrics.evaluated_on == "validation");
  CHECK(result.run.metrics.evaluation.samples == 6);
  CHECK(std::ranges::any_of(lines, [](const std::string& l) { return l.find("no test subset") != l.npos; }));
}

TEST_CASE("transfer: a missed accuracy is an Error of its kind, after the run has been written") {
  Job job;
  job.options.epochs = 1;
  job.options.learning_rate = 1e-6f;
  job.options.assert_accuracy = 1.0;
  try {
    job.run();
    FAIL("no Error was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::threshold_missed);
    CHECK(std::string(error.what()).find("--assert-accuracy: the accuracy on test is") == 0);
  }
  CHECK(std::filesystem::exists(job.options.out / "metrics.json"));
  job.options.force = true;
  job.options.assert_accuracy = 0.0;
  job.run();
}

TEST_CASE("transfer: what is wrong is said before anything costs time, and nothing is written") {
  Job job;
  const auto message = [&](auto change) {
    TrainOptions options = job.options;
    change(options);
    return error_of([&] { train_classifier(options, cpu_backends()); });
  };
  CHECK(message([](auto& o) { o.model = "mobilenet_v9"; }).find("--model") == 0);
  CHECK(message([](auto& o) { o.optimizer = "sdg"; }).find("--optimizer") == 0);
  CHECK(message([](auto& o) { o.learning_rate = 0.0f; }).find("--learning-rate") == 0);
  CHECK(message([](auto& o) { o.epochs = 0; }).find("--epochs") == 0);
  CHECK(message([](auto& o) { o.batch_size = -1; }).find("--batch-size") == 0);
  CHECK(message([](auto& o) { o.assert_accuracy = 90; }).find("--assert-accuracy") == 0);
  CHECK(message([](auto& o) { o.split = "half"; }).find("--split") == 0);
  CHECK(message([](auto& o) { o.image_size = 31; }).find("--image-size") == 0);
  CHECK(message([](auto& o) { o.dropout = 1.5f; }).find("--dropout") == 0);
  CHECK(message([](auto& o) { o.threads = -1; }).find("--threads") == 0);
  CHECK(message([](auto& o) { o.weights = "no/such.h5"; }).find("no/such.h5") == 0);
  CHECK(message([](auto& o) { o.data = "no/such/data"; }).find("no/such/data") == 0);
  CHECK_FALSE(std::filesystem::exists(job.options.out));
  CHECK_FALSE(std::filesystem::exists(job.folder / "cache"));
}

TEST_CASE(
    "transfer: strict refuses an undecodable photo; a class without a decodable one is always refused") {
  Job job;
  write_text(job.options.data / "red" / "photo0.jpg", "no photo");
  job.options.strict = true;
  CHECK(error_of([&] { job.run(); }).find("red/photo0.jpg") == 0);
  job.options.strict = false;
  for (int i = 0; i < 10; ++i) {
    write_text(job.options.data / "red" / ("photo" + std::to_string(i) + ".jpg"), "no photo");
  }
  CHECK(error_of([&] { job.run(); }).find("not one of its photos to train on") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(job.options.out));
}

TEST_CASE("transfer: interrupted in training, the run holds the best epoch; before one, nothing is written") {
  Job job;
  std::atomic<bool> stop{false};
  class StopAt : public FitCallback {
   public:
    StopAt(std::atomic<bool>& flag, int epoch) : flag_(flag), epoch_(epoch) {}
    void epoch_began(int epoch, int) override { flag_ = epoch == epoch_; }

   private:
    std::atomic<bool>& flag_;
    int epoch_;
  };
  StopAt third(stop, 3), first(stop, 1);
  TrainEvents events;
  events.stop = &stop;
  events.fit = {&first};
  try {
    job.run(events);
    FAIL("no Error was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
  CHECK_FALSE(std::filesystem::exists(job.options.out));
  stop = false;
  CHECK(error_of([&] { job.run(); }).find("holds a training that did not end") != std::string::npos);
  job.options.force = true;
  events.fit = {&third};
  const TrainResult result = job.run(events);
  CHECK(result.interrupted);
  CHECK(result.run.history.epochs.size() == 2);
  CHECK(std::filesystem::exists(job.options.out / "model.h5"));
}

TEST_CASE("transfer: a base in bf16 is measured, and the run says what ran") {
  Job job;
  write_base(job.folder / "base.h5");
  job.options.weights = job.folder / "base.h5";
  std::vector<std::string> lines;
  TrainEvents events;
  events.info = [&](const std::string& line) { lines.push_back(line); };
  const auto was_measured = [&] {
    return std::ranges::any_of(lines, [](const std::string& line) {
      return line.starts_with("bf16 against f32 on 30 photos: features differ by ");
    });
  };
  job.run(events);
  CHECK_FALSE(was_measured());
  CHECK(nlohmann::json::parse(read_text(job.options.out / "metrics.json"))["precision"] == "f32");

  job.options.precision = {.precision = Precision::bf16};
  job.options.force = true;
  const TrainResult result = job.run(events);
  CHECK(was_measured());
  const auto metrics = nlohmann::json::parse(read_text(job.options.out / "metrics.json"));
  CHECK(metrics["precision"] == "bf16");
  CHECK(metrics["precision_error"]["photos"] == 30);
  CHECK(metrics["precision_error"]["median_feature_error"] > 0);
  CHECK(metrics["precision_error"]["median_feature_error"] < 0.1);
  CHECK(nlohmann::json::parse(read_text(job.options.out / "options.json"))["precision"] == "bf16");
  // The sample was all photos, and both precisions of it are in the cache now.
  CHECK(result.features.from_cache == 30);

  // As on a processor that is faster with bf16, on fewer photos than are worth the measurement.
  lines.clear();
  job.options.precision = {.precision = Precision::bf16, .is_automatic = true};
  CHECK(job.run(events).run.metrics.precision.precision == Precision::f32);
  CHECK_FALSE(was_measured());
  CHECK(nlohmann::json::parse(read_text(job.options.out / "options.json"))["precision"] == "auto");

  // With augmentation the base runs within the steps, and is measured by its features all the same.
  job.options.precision = {.precision = Precision::bf16};
  job.options.augment = "flip";
  job.options.epochs = 1;
  CHECK(job.run(events).run.metrics.precision.precision == Precision::bf16);
  CHECK(was_measured());
  lines.clear();
  job.options.precision.is_automatic = true;
  CHECK(job.run(events).run.metrics.precision.precision == Precision::f32);
  CHECK(std::ranges::count(lines, "--precision auto: the steps run in f32") == 1);
  job.options.precision = {.precision = Precision::f16};
  CHECK(error_of([&] { job.run(); }).ends_with("float16 is for GPUs; use f32"));
}

TEST_CASE("transfer: from scratch bf16 reaches f32's accuracy and keeps its weights in float32") {
  Job job;
  job.options.model = "cnn_preprocessed";
  job.options.alpha = 1.0f;
  job.options.image_size = 46;
  job.options.learning_rate = 0.001f;
  job.options.epochs = 10;
  std::vector<std::string> lines;
  TrainEvents events;
  events.info = [&](const std::string& line) { lines.push_back(line); };
  const TrainResult exact = job.run(events);
  CHECK(exact.run.metrics.evaluation.accuracy == 1);
  job.options.force = true;
  // As on a processor that is faster with bf16: there is nothing trained to measure it on.
  job.options.precision = {.precision = Precision::bf16, .is_automatic = true};
  const TrainResult result = job.run(events);
  CHECK(result.run.metrics.precision.precision == Precision::bf16);
  CHECK(std::ranges::count(lines, "--precision auto: the steps run in bf16") == 1);
  CHECK(nlohmann::json::parse(read_text(job.options.out / "metrics.json"))["precision"] == "bf16");
  CHECK(result.run.metrics.evaluation.accuracy == exact.run.metrics.evaluation.accuracy);
  CHECK(result.run.history.epochs.back().loss ==
        doctest::Approx(exact.run.history.epochs.back().loss).epsilon(0.1));
  CHECK(result.run.history.epochs.back().loss != exact.run.history.epochs.back().loss);
  CHECK(load_model(job.options.out / "model.h5").network.weights.at("conv2d_1/kernel").type() ==
        DataType::f32);
}

TEST_CASE("transfer: fine-tuning in bf16 trains the base's layers in it") {
  Job job;
  write_base(job.folder / "base.h5");
  job.options.weights = job.folder / "base.h5";
  job.options.epochs = 2;
  job.options.fine_tune = FineTune{.from = "block_14_expand", .epochs = 2};
  const TrainResult exact = job.run();
  job.options.force = true;
  job.options.precision = {.precision = Precision::bf16};
  const TrainResult result = job.run();
  REQUIRE(result.run.history.epochs.size() == 4);
  CHECK(result.run.history.epochs.back().loss ==
        doctest::Approx(exact.run.history.epochs.back().loss).epsilon(0.05));
  const auto kernel = [](const TrainResult& run) {
    return run.run.model.network.weights.at("block_15_project/kernel").values();
  };
  CHECK_FALSE(std::ranges::equal(kernel(result), kernel(exact)));
}

TEST_CASE("transfer: pretrained features tell real flowers apart") {
  const char* given = std::getenv("PETAL_SHARED");
  const std::filesystem::path shared =
      given ? std::filesystem::path(given) : std::filesystem::path(PETAL_SOURCE) / ".." / "shared";
  Job job;
  job.options.data = shared / "data" / "flowers";
  job.options.weights = shared / "weights" / "mobilenet_v2_1.0_224.h5";
  if (!std::filesystem::exists(job.options.data) || !std::filesystem::exists(job.options.weights)) {
    MESSAGE("skipped: ", shared.string(), " has no flowers or weights");
    return;
  }
  job.options.image_size = 96;  // small, for speed
  job.options.alpha = 1.0f;
  job.options.learning_rate.reset();
  const TrainResult result = job.run();
  MESSAGE("accuracy at 96 pixels ", result.run.metrics.evaluation.accuracy, "; seconds: features ",
          result.run.metrics.seconds.features, ", train ", result.run.metrics.seconds.train);
  CHECK(result.features.skipped == 0);
  CHECK(result.run.metrics.evaluation.samples == 120);
  CHECK(result.run.metrics.evaluation.accuracy > 0.6);  // chance is 0.2
}

TEST_CASE("workers: exceptions come through, every index is visited once") {
  std::vector<std::atomic<int>> visits(100);
  parallel_for(100, 4, [&](std::int64_t i) { ++visits[static_cast<std::size_t>(i)]; });
  CHECK(std::ranges::all_of(visits, [](const auto& v) { return v == 1; }));
  CHECK(error_of([] {
          parallel_for(50, 3, [](std::int64_t i) {
            if (i == 7) throw Error("seven", "no");
          });
        }) == "seven: no");
  parallel_for(0, 3, [](std::int64_t) { FAIL("nothing to do"); });
  CHECK(resolve_threads(3) == 3);
  CHECK(resolve_threads(0) >= 1);
}
