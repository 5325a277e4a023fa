// Fine-tuning from a named layer, and training from scratch, on bases of random weights and a few tiny
// photos: what changes, and what stays.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "io/model_file.h"
#include "tests/trainer/toy.h"
#include "trainer/train_classifier.h"
#include "trainer/train_options.h"
#include "trainer/training_base.h"

using namespace petal;
using namespace petal::test;

namespace {

struct Job {
  Job(const std::string& model, std::int64_t size, float alpha = 1.0f) {
    write_colours(folder / "data", 3);
    std::filesystem::remove_all(folder / "data" / "green");
    options.data = folder / "data";
    options.model = model;
    options.image_size = size;
    options.alpha = alpha;
    options.epochs = 1;
    options.split = "stratified";
    options.validation_split = 0.34;
    options.test_split = 0;
    options.cache.reset();
    options.threads = 2;
  }
  TrainResult run() const { return train_classifier(options, cpu_backends()); }
  Weights start() const {
    const Graph graph = TrainingBase(options).graph(2);
    return options.from_scratch ? initialize(graph, options.seed)
                                : initialize_untrained_base(graph, options.seed);
  }
  TemporaryFolder folder;
  TrainOptions options;
};

bool changed(const Job& job, const TrainResult& result, const std::string& weight) {
  return !std::ranges::equal(job.start().at(weight).values(),
                             result.run.model.network.weights.at(weight).values());
}

// A phase over the head and one over the base from `layer` on: `inside` learns, `outside` and the batch norm
// stay.
TrainResult check_fine_tuning(Job& job, const std::string& layer, const std::string& inside,
                              const std::string& outside, const std::string& batch_norm) {
  job.options.fine_tune = FineTune{.from = layer, .epochs = 1, .learning_rate = 1e-4f};
  const TrainResult result = job.run();
  CAPTURE(job.options.model);
  CHECK(result.run.history.epochs.size() == 2);
  CHECK(std::isfinite(result.run.history.epochs.back().loss));
  CHECK(changed(job, result, "predictions/kernel"));
  CHECK(changed(job, result, inside + "/kernel"));
  CHECK_FALSE(changed(job, result, outside + "/kernel"));
  CHECK_FALSE(changed(job, result, batch_norm + "/beta"));
  CHECK_FALSE(changed(job, result, batch_norm + "/moving_mean"));
  return result;
}

}  // namespace

TEST_CASE("fine-tuning: mobilenet from its last block on, saved and read again") {
  Job job("mobilenet", 32, 0.25f);
  job.options.out = job.folder / "run";
  const TrainResult result =
      check_fine_tuning(job, "conv_dw_13", "conv_pw_13", "conv_pw_12", "conv_pw_13_bn");
  const Model model = load_model(job.options.out / "model.h5");
  CHECK(model.architecture == "mobilenet");
  CHECK(std::ranges::equal(model.network.weights.at("conv_pw_13/kernel").values(),
                           result.run.model.network.weights.at("conv_pw_13/kernel").values()));
}

TEST_CASE("fine-tuning: resnet50 from behind a block on; its preprocessing keeps Keras's numbers") {
  Job job("resnet50", 32);
  const TrainResult result = check_fine_tuning(job, "conv5_block1_out", "conv5_block2_1_conv",
                                               "conv5_block1_3_conv", "conv5_block2_1_bn");
  const auto bias = result.run.model.network.weights.at("preprocess_input/bias").values();
  CHECK(std::ranges::equal(bias, std::array{-103.939f, -116.779f, -123.68f}));
}

TEST_CASE("fine-tuning: inception_v3 from its last reduction on") {
  Job job("inception_v3", 75);
  // mixed8 joins convolutions 70 to 75: what is behind starts with the next.
  check_fine_tuning(job, "mixed8", "conv2d_76", "conv2d_75", "batch_normalization_76");
}

TEST_CASE("training from scratch: all of resnet50 learns but its preprocessing, whose photos stay pixels") {
  Job job("resnet50", 32);
  job.options.from_scratch = true;
  const TrainResult result = job.run();
  CHECK(changed(job, result, "conv1_conv/kernel"));
  CHECK(changed(job, result, "conv1_bn/moving_mean"));
  CHECK_FALSE(changed(job, result, "preprocess_input/kernel"));
  CHECK_FALSE(changed(job, result, "preprocess_input/bias"));
}

TEST_CASE("fine-tuning from the first layer on leaves the preprocessing as it is") {
  TrainOptions options;
  options.model = "resnet50";
  const Graph graph = fine_tuned(TrainingBase(options).graph(2), {.from = "preprocess_input"});
  CHECK_FALSE(graph[graph.find("preprocess_input")].trainable);
  CHECK(graph[graph.find("conv1_conv")].trainable);
}

TEST_CASE("a saved resnet50, its preprocessing inside, serves as weights of a base again") {
  Job job("resnet50", 32);
  Model saved{.network = {TrainingBase(job.options).graph(2), {}}, .labels = {}, .architecture = "resnet50"};
  saved.network.weights = initialize_untrained_base(saved.network.graph, 7);
  job.options.weights = job.folder / "saved.h5";
  save_model(job.options.weights, saved);
  const TrainResult result = job.run();
  for (const char* name : {"conv5_block3_3_conv/kernel", "preprocess_input/kernel"}) {
    CHECK(std::ranges::equal(result.run.model.network.weights.at(name).values(),
                             saved.network.weights.at(name).values()));
  }
}
