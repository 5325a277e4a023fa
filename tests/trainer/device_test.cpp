#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "models/registry.h"
#include "tests/cuda_on_host.h"
#include "tests/gpu_under_test.h"
#include "tests/trainer/toy.h"
#include "trainer/train_classifier.h"

using namespace petal;
using namespace petal::test;

namespace {

// The kernels for GPUs, as loops of the host, on one device and on two, and the GPUs that there are.
std::vector<BackendFactory> devices() {
  std::vector<BackendFactory> all = {[](int) { return testing::make_cuda_on_host(); },
                                     [](int) { return testing::make_cuda_on_host_with_replicas(2); }};
  for (const auto& gpu : testing::gpus_under_test()) all.push_back([gpu](int) { return gpu; });
  for (const auto& gpus : testing::several_gpus_under_test()) all.push_back([gpus](int) { return gpus; });
  return all;
}

// The same job on every device: each epoch's loss and the probabilities of every tested photo.
void check(TrainOptions options) {
  const TemporaryFolder folder;
  write_colours(folder / "data", 8);
  options.data = folder / "data";
  options.image_size = 48;
  options.epochs = 3;
  options.batch_size = 6;
  options.learning_rate = 1e-3f;
  options.validation_split = 0.25;
  options.test_split = 0.25;
  options.threads = 1;
  int runs = 0;
  const auto train = [&](const BackendFactory& backends) {
    options.out = folder / ("run" + std::to_string(++runs));
    options.cache = folder / ("cache" + std::to_string(runs));
    const TrainResult result = train_classifier(options, backends);
    std::vector<double> seen;
    for (const auto& epoch : result.run.history.epochs) seen.push_back(epoch.loss);
    for (const PhotoPrediction& prediction : result.run.predictions) {
      for (const ClassScore& score : prediction.top) seen.push_back(static_cast<double>(score.probability));
    }
    return seen;
  };
  const std::vector<double> expected = train(cpu_backends());
  REQUIRE(expected.size() > 3);
  for (const BackendFactory& device : devices()) {
    const std::vector<double> found = train(device);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::fabs(found[i] - expected[i]) <= 1e-3);
  }
}

// What the job comes to on the CPU and on each GPU.
struct Outcome {
  std::vector<double> losses;
  double accuracy = 0, a_photo = 0;  // of accuracy
};

Outcome outcome_of(TrainOptions options, const BackendFactory& backends) {
  const TemporaryFolder folder;
  options.cache = {};
  const TrainResult result = train_classifier(options, backends);
  const Evaluation& evaluation = result.run.metrics.evaluation;
  Outcome outcome{{}, evaluation.accuracy, 1.0 / static_cast<double>(evaluation.samples)};
  for (const auto& epoch : result.run.history.epochs) outcome.losses.push_back(epoch.loss);
  return outcome;
}

// In float32 the losses are the CPU's; in every precision so is the accuracy, to a photo.
void check_on_gpus(TrainOptions options, const std::vector<Precision>& precisions) {
  const Outcome expected = outcome_of(options, cpu_backends());
  for (const auto& gpu : testing::gpus_under_test()) {
    for (const Precision precision : precisions) {
      options.precision.precision = precision;
      INFO(gpu->name() << ", " << options.model << ", " << to_string(precision));
      const Outcome found = outcome_of(options, [gpu](int) { return gpu; });
      REQUIRE(found.losses.size() == expected.losses.size());
      const double tolerance = precision == Precision::f32 ? 1e-3 : 5e-2;
      for (std::size_t i = 0; i < found.losses.size(); ++i)
        CHECK(found.losses[i] == doctest::Approx(expected.losses[i]).epsilon(tolerance));
      CHECK(std::fabs(found.accuracy - expected.accuracy) <= 1.01 * expected.a_photo);
    }
  }
}

bool nothing_to_run_on() {
  if (!testing::gpus_under_test().empty()) return false;
  MESSAGE("skipped: no GPU; tests/run.sh --device cuda runs it on one");
  return true;
}

TrainOptions colours_job(const std::filesystem::path& data) {
  TrainOptions options;
  options.data = data;
  options.epochs = 4;
  options.batch_size = 6;
  options.learning_rate = 1e-3f;
  options.validation_split = 0.25;
  options.test_split = 0.25;
  return options;
}

}  // namespace

TEST_CASE("gpu: every architecture trains to the CPU's losses and accuracy") {
  if (nothing_to_run_on()) return;
  const TemporaryFolder folder;
  write_colours(folder / "data", 12);
  for (const Architecture& architecture : architectures()) {
    TrainOptions options = colours_job(folder / "data");
    options.model = architecture.name;
    options.image_size = std::max<std::int64_t>(64, architecture.minimum_image_size);
    check_on_gpus(options, {Precision::f32, Precision::bf16, Precision::f16});
  }
}

TEST_CASE("gpu: fine-tuning follows the CPU's losses, batch norms and all") {
  if (nothing_to_run_on()) return;
  const TemporaryFolder folder;
  write_colours(folder / "data", 12);
  for (const auto& [model, layer] : {std::pair("mobilenet", "conv_dw_12"),
                                     {"mobilenet_v2", "block_15_expand"},
                                     {"resnet50", "conv5_block3_1_conv"},
                                     {"inception_v3", "mixed9"}}) {
    TrainOptions options = colours_job(folder / "data");
    options.model = model;
    options.image_size = 96;
    options.fine_tune = FineTune{.from = layer, .epochs = 3};
    check_on_gpus(options, {Precision::f32, Precision::bf16, Precision::f16});
  }
}

TEST_CASE("gpu: real flowers are told apart as on the CPU") {
  if (nothing_to_run_on()) return;
  const char* given = std::getenv("PETAL_SHARED");
  const std::filesystem::path shared =
      given ? std::filesystem::path(given) : std::filesystem::path(PETAL_SOURCE) / ".." / "shared";
  TrainOptions options;
  options.data = shared / "data" / "flowers";
  options.weights = shared / "weights" / "mobilenet_v2_1.0_224.h5";
  if (!std::filesystem::exists(options.data) || !std::filesystem::exists(options.weights)) {
    MESSAGE("skipped: ", shared.string(), " has no flowers or weights");
    return;
  }
  options.epochs = 10;
  check_on_gpus(options, {Precision::f32, Precision::bf16, Precision::f16});
  // Tutorials' own networks, from scratch on real photos.
  options.weights.clear();
  options.image_size = 64;
  options.epochs = 2;
  for (const char* model : {"cnn", "cnn_augmented"}) {
    options.model = model;
    check_on_gpus(options, {Precision::f32});
  }
}

TEST_CASE("the job on a GPU: transfer, by features of a frozen base") {
  TrainOptions options;
  options.alpha = 0.35f;
  check(options);
}

TEST_CASE("the job on a GPU: from scratch, augmented") {
  TrainOptions options;
  options.model = "cnn_augmented";
  check(options);
}
