#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/cuda_on_host.h"
#include "tests/gpu_under_test.h"
#include "tests/trainer/toy.h"
#include "trainer/train_classifier.h"

using namespace petal;
using namespace petal::test;

namespace {

// The kernels for GPUs, as loops of the host, and the GPU where there is one.
std::vector<BackendFactory> devices() {
  std::vector<BackendFactory> all = {[](int) { return testing::make_cuda_on_host(); }};
  for (const auto& gpu : testing::gpus_under_test()) all.push_back([gpu](int) { return gpu; });
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

}  // namespace

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
