#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "engine/plan.h"
#include "golden_case.h"
#include "kernels/cpu/backend.h"
#include "kernels/reference/backend.h"
#include "models/training_graph.h"

namespace petal {
namespace {

const Architecture& mobilenet() {
  return architecture("mobilenet_v2");
}

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("an architecture is found by its name, and an unknown one is an error that lists the known") {
  CHECK(mobilenet().title == "MobileNetV2");
  CHECK(
      message_of([] { architecture("mobilenet_v9"); }) ==
      "--model: there is no 'mobilenet_v9'; known are cnn, cnn_augmented, cnn_preprocessed, mobilenet, "
      "mobilenet_v2, resnet50, resnet101, resnet152, resnet50_v2, resnet101_v2, resnet152_v2, inception_v3");
}

TEST_CASE("every row of the registry builds at its smallest size and each width") {
  for (const Architecture& row : architectures()) {
    for (const float alpha : row.alphas) {
      const Graph graph = build_classifier(row, {row.minimum_image_size, alpha, true, 7});
      CHECK(graph[graph.outputs()[0]].shape == Shape{7});
    }
  }
}

TEST_CASE("a classifier takes photos: preprocessing in front, the default size where none is given") {
  const Graph graph = build_classifier(mobilenet(), {});
  CHECK(graph[0].name == "input_1");
  CHECK(graph[0].shape == Shape{224, 224, 3});
  CHECK(graph[1].name == "rescaling");
  CHECK(graph[1].layer == Layer{Rescaling{.scale = 1.0f / 127.5f, .offset = -1.0f}});
  CHECK(graph[2].name == "Conv1");
  CHECK(graph[2].inputs == std::vector{1});
  CHECK(graph[graph.outputs()[0]].name == "predictions");
  CHECK(graph[graph.outputs()[0]].shape == Shape{1000});
  for (const Node& node : graph.nodes()) CHECK(node.trainable == (node.name != "rescaling"));
}

// The photos' pixels as Keras's preprocess_input(mode="caffe") gives them: B - 103.939, G - 116.779, R -
// 123.68.
std::vector<float> without_mean(std::span<const float> pixels) {
  const std::array mean = {103.939f, 116.779f, 123.68f};
  std::vector<float> found;
  for (std::size_t at = 0; at < pixels.size(); at += 3) {
    for (std::size_t c = 0; c < 3; ++c) found.push_back(pixels[at + 2 - c] - mean[c]);
  }
  return found;
}

TEST_CASE("the preprocessing of ResNet is one frozen layer that gives Keras's numbers to the bit") {
  const Graph graph = build_classifier(architecture("resnet50"), {.image_size = 96, .include_top = false});
  const Graph front = graph.with_outputs(std::vector<std::string>{"preprocess_input"});
  CHECK_FALSE(graph[1].trainable);
  CHECK(graph[2].trainable);
  std::vector<float> pixels = golden::photos(1, 96);
  for (std::size_t i = 0; i < pixels.size(); i += 7) pixels[i] += 1.0f / 3.0f;  // as resizing leaves them
  for (const auto& backend : {make_cpu_backend(1), make_reference_backend()}) {
    Plan plan = compile(front, initialize(front, 1), backend, {.batch = 1});
    std::ranges::copy(std::as_bytes(std::span(pixels)), plan.input());
    plan.run();
    CHECK(std::ranges::equal(golden::output(plan), without_mean(pixels)));
  }
}

TEST_CASE("augmentation knows the range of the pixels where it stands") {
  const auto range_of = [](const char* name) {
    const Graph graph = training_graph(architecture(name), {}, {}, "brightness=0.1");
    return std::get<RandomBrightness>(graph[graph.find("random_brightness")].layer).value_range;
  };
  CHECK(range_of("mobilenet") == Range{-1, 1});
  CHECK(range_of("resnet50") == Range{-123.68f, 255 - 103.939f});
  CHECK(range_of("cnn") == Range{0, 255});
}

TEST_CASE("a transfer graph of every architecture ends in the same head, its preprocessing frozen always") {
  for (const Architecture& row : architectures()) {
    if (row.has_own_head) continue;
    CAPTURE(row.name);
    for (const bool from_scratch : {false, true}) {
      const Graph graph = training_graph(row, {.image_size = 96}, {.classes = 4}, {}, from_scratch);
      const int end = graph.find("global_average_pooling2d");
      for (int i = 1; i < end; ++i) CHECK(graph[i].trainable == (from_scratch && i > 1));
      CHECK(graph[graph.outputs()[0]].shape == Shape{4});
    }
  }
}

TEST_CASE("what an architecture cannot be built with is an error that names what it can") {
  CHECK(message_of([] { build_classifier(mobilenet(), {.image_size = 31}); }) ==
        "--image-size: MobileNetV2 takes photos of 32 to 4096 pixels a side (224 by default), not 31");
  CHECK(message_of([] {
          training_graph(mobilenet(), {.image_size = 1'000'000}, {});
        }).starts_with("--image-size: "));
  CHECK(message_of([] { build_classifier(mobilenet(), {.image_size = -5}); }).starts_with("--image-size: "));
  CHECK(message_of([] { build_classifier(mobilenet(), {.alpha = 0.6f}); }) ==
        "--alpha: MobileNetV2 has no width 0.6; legal are 0.35, 0.5, 0.75, 1, 1.3, 1.4");
  CHECK(message_of([] { build_classifier(mobilenet(), {.classes = 0}); }).starts_with("--classes: "));
}

TEST_CASE("a head that cannot be built is an error") {
  CHECK(message_of([] {
          training_graph(mobilenet(), {}, {.classes = 1});
        }).starts_with("head: found 1 classes"));
  CHECK(message_of([] { training_graph(mobilenet(), {}, {.dropout = 1.0f}); }).starts_with("--dropout: "));
  CHECK(message_of([] { training_graph(mobilenet(), {}, {.hidden = {0}}); }).starts_with("--hidden: "));
}

std::vector<std::string> names_after(const Graph& graph, std::string_view last_of_base) {
  std::vector<std::string> names;
  for (int i = graph.find(last_of_base) + 1; i < std::ssize(graph.nodes()); ++i)
    names.push_back(graph[i].name);
  return names;
}

TEST_CASE("a transfer graph is the frozen body under a fresh, trainable head") {
  const Graph graph = training_graph(mobilenet(), {.image_size = 96, .alpha = 0.35f}, {.classes = 5});
  const int end = graph.find("out_relu");
  for (int i = graph.find("Conv1"); i <= end; ++i) CHECK_FALSE(graph[i].trainable);
  for (int i = end + 1; i < std::ssize(graph.nodes()); ++i) CHECK(graph[i].trainable);
  CHECK(names_after(graph, "out_relu") ==
        std::vector<std::string>{"global_average_pooling2d", "dropout", "predictions"});
  CHECK(graph[graph.outputs()[0]].shape == Shape{5});
  // Keras: the no-top model has 410208 parameters, and the head 1280 * 5 + 5.
  CHECK(graph.parameters() == 410208 + 1280 * 5 + 5);
}

TEST_CASE(
    "hidden layers stand between pooling and the last, each behind a dropout, named as Keras numbers them") {
  const Head head{.classes = 3, .hidden = {128, 64}, .dropout = 0.5f};
  const Graph graph = training_graph(mobilenet(), {.image_size = 64}, head);
  CHECK(names_after(graph, "out_relu") == std::vector<std::string>{"global_average_pooling2d", "dropout",
                                                                   "dense", "dropout_1", "dense_1",
                                                                   "dropout_2", "predictions"});
  CHECK(graph[graph.find("dense")].layer ==
        Layer{Dense{.units = 128, .activation = ActivationFunction::relu}});
  CHECK(graph[graph.find("dropout_2")].layer == Layer{Dropout{.rate = 0.5f}});
  CHECK(graph[graph.find("predictions")].layer ==
        Layer{Dense{.units = 3, .activation = ActivationFunction::softmax}});
}

TEST_CASE("a head without dropout has no such layer") {
  const Graph graph = training_graph(mobilenet(), {.image_size = 64}, {.dropout = 0.0f});
  CHECK(names_after(graph, "out_relu") ==
        std::vector<std::string>{"global_average_pooling2d", "predictions"});
}

}  // namespace
}  // namespace petal
