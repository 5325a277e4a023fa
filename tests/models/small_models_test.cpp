// Small classifiers of assorted layers that Keras 2 and 3 saved, as Keras computes them: forward, and the
// gradients and moving statistics of one training step. tests/golden/small_models/, which
// make_small_models.py writes.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/plan.h"
#include "engine/training_plan.h"
#include "io/hdf5/keras_weights.h"
#include "io/keras_config.h"
#include "io/model_file.h"
#include "kernels/cpu/backend.h"

namespace petal {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::int64_t batch = 4;
const fs::path folder = fs::path(PETAL_SOURCE) / "tests/golden/small_models";

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The arrays of small_models.f32, by [first number, count].
std::vector<float> numbers_at(const Json& place) {
  static const std::string bytes = text_of(folder / "small_models.f32");
  const std::size_t first = place[0], count = place[1];
  REQUIRE((first + count) * sizeof(float) <= bytes.size());
  std::vector<float> numbers(count);
  std::memcpy(numbers.data(), bytes.data() + first * sizeof(float), count * sizeof(float));
  return numbers;
}

Network network_of(const Json& item) {
  const fs::path file = folder / item.at("file").get<std::string>();
  if (!item.contains("config")) return load_model(file).network;
  const fs::path config = folder / item["config"].get<std::string>();
  Network network{from_keras_config(text_of(config), config.string()), {}};
  load_keras_weights(file, network.graph, network.weights);
  return network;
}

struct Samples : SampleSource {
  std::vector<float> numbers;
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    const std::int64_t each = std::ssize(numbers) / batch;
    std::copy_n(numbers.begin() + first * each, count * each, dst);
  }
};

Samples samples_for(const Json& document, const Json& item) {
  Samples samples;
  samples.numbers = numbers_at(document.at("input"));
  if (item.at("pixels")) {
    for (float& number : samples.numbers) number = (number + 1) * 127.5f;
  }
  return samples;
}

double largest(std::span<const float> values) {
  double most = 0;
  for (const float value : values) most = std::max(most, std::abs(static_cast<double>(value)));
  return most;
}

double difference(std::span<const float> found, std::span<const float> expected) {
  REQUIRE(found.size() == expected.size());
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double apart = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    if (!(apart <= most)) most = apart;  // not-a-number too
  }
  return most;
}

// Probabilities to 1e-5; logits to that of the largest.
void check_forward(const Network& network, const Samples& samples, const Json& item) {
  Plan plan = compile(network.graph, network.weights, make_cpu_backend(2), {.batch = batch});
  samples.write(0, 0, batch, reinterpret_cast<float*>(plan.input()));
  plan.run();
  const std::vector<float> expected = numbers_at(item.at("output"));
  const std::span<const float> found(reinterpret_cast<const float*>(plan.output()), expected.size());
  CHECK(plan.outputs()[0].shape.elements() == std::ssize(expected));
  CHECK(difference(found, expected) <= 1e-5 * std::max(1.0, largest(expected)));
}

Loss loss_of(const Json& item) {
  if (item.at("loss") == "two_classes") return {.kind = Loss::Kind::binary_crossentropy};
  return {.from_logits = item["loss"] == "logits"};
}

// Keras's numbers are of float64. A float32 has 1.2e-7 of itself, and what a dozen layers make of that, each
// with sums over hundreds of numbers, stays below 5e-5 of a gradient's largest element. Gradients that are
// zero but for rounding (a bias in front of a batch norm) are held to the model's largest.
constexpr double gradient_tolerance = 5e-5;
constexpr double zero_share = 1e-2;

void check_step(const Network& network, const Samples& samples, const Json& item) {
  TrainingPlan plan = compile_training(network.graph, network.weights, make_cpu_backend(2),
                                       {.batch = batch, .loss = loss_of(item), .optimizer = SGD{}});
  const auto labels = item.at("labels").get<std::vector<std::int32_t>>();
  const std::vector<float> targets(labels.begin(), labels.end());
  const bool binary = loss_of(item).kind == Loss::Kind::binary_crossentropy;
  const void* given = binary ? static_cast<const void*>(targets.data()) : labels.data();
  const double loss = plan.forward_backward({.source = &samples, .count = batch, .targets = given}, {});
  CHECK(loss == doctest::Approx(item.at("loss_value").get<double>()).epsilon(1e-5));

  double most = 0;
  for (const auto& [name, place] : item.at("gradients").items())
    most = std::max(most, largest(numbers_at(place)));
  for (const auto& [name, place] : item["gradients"].items()) {
    CAPTURE(name);
    const std::vector<float> expected = numbers_at(place);
    const double scale = std::max(largest(expected), zero_share * most);
    CHECK(difference(plan.gradient(name).values(), expected) <= gradient_tolerance * scale);
  }
  Weights trained = network.weights;
  plan.store(trained);
  for (const auto& [name, place] : item.at("statistics").items()) {
    CAPTURE(name);
    const std::vector<float> expected = numbers_at(place);
    CHECK(difference(trained.at(name).values(), expected) <= 1e-5 * std::max(1.0, largest(expected)));
  }
  // Keras lists every weight that learns, and so do we.
  std::size_t learned = 0;
  for (const Node& node : network.graph.nodes()) {
    for (const WeightDeclaration& weight : network.graph.weights(node))
      learned += node.trainable && weight.role == Role::weight;
  }
  CHECK(learned == item["gradients"].size());
}

}  // namespace

TEST_CASE("small models of Keras 2 and 3: forward, gradients and statistics") {
  const Json document = Json::parse(text_of(folder / "small_models.json"));
  REQUIRE(document.at("models").size() >= 20);
  for (const Json& item : document["models"]) {
    CAPTURE(item.at("name"));
    const Network network = network_of(item);
    CHECK(network.graph.parameters() == item.at("parameters"));
    const Samples samples = samples_for(document, item);
    check_forward(network, samples, item);
    check_step(network, samples, item);
  }
}

}  // namespace petal
