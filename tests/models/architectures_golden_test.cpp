// Every architecture against Keras 3 on the same weights and pixels: of MobileNetV2 every layer of the plain
// graph, of all the ends of the blocks, plain and optimised, and the output.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/plan.h"
#include "engine/weights.h"
#include "filled_weights.h"
#include "golden_case.h"
#include "io/hdf5/keras_weights.h"
#include "kernels/cpu/backend.h"
#include "kernels/reference/backend.h"
#include "models/registry.h"
#include "tests/cuda_on_host.h"
#include "tests/gpu_under_test.h"

namespace petal {
namespace {

using golden::Case;

constexpr double probability_tolerance = 1e-5;  // absolute
constexpr double activation_tolerance = 2e-5;   // relative to the activation's largest magnitude

// The classifier for photos, whose preprocessing is Petal's. Of MobileNetV2 without its head the bare body.
bool takes_photos(const Case& expected) {
  return expected.options.include_top || expected.model != "mobilenet_v2";
}

Graph build(const Case& expected) {
  const Architecture& row = architecture(expected.model);
  return takes_photos(expected) ? build_classifier(row, expected.options) : row.build(expected.options);
}

Weights load(const Case& expected, const Graph& graph) {
  if (expected.weights.empty()) return golden::filled_weights(graph);
  Weights weights;
  ImportOptions import;
  if (!expected.options.include_top) import.exclude_file_layers = architecture(expected.model).head_layers;
  load_keras_weights(expected.weights, graph, weights, import);
  return weights;
}

Plan run(const Case& expected, const Graph& graph, const Weights& weights,
         const std::shared_ptr<const Backend>& backend, bool optimize) {
  Plan plan = compile(graph, weights, backend, {.batch = expected.batch, .optimize = optimize});
  std::vector<float> pixels = golden::photos(expected.batch, expected.options.image_size);
  if (!takes_photos(expected)) {
    for (float& pixel : pixels) pixel = pixel / 127.5f - 1.0f;
  }
  std::ranges::copy(std::as_bytes(std::span(pixels)), plan.input());
  plan.run();
  return plan;
}

std::string describe(const Case& expected) {
  return fmt::format("{} alpha {} size {} batch {} {} head", expected.model, expected.options.alpha,
                     expected.options.image_size, expected.batch,
                     expected.options.include_top ? "with" : "without");
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(std::isfinite(b[i]));
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return largest;
}

// The whole output: probabilities absolutely, features relative to the largest one.
void check_last(const Case& expected, const Plan& plan) {
  if (expected.last.empty()) return;
  const double found = largest_difference(expected.last, golden::output(plan));
  const bool top = expected.options.include_top;
  const double tolerance = top ? probability_tolerance : activation_tolerance;
  CHECK_MESSAGE(found / (top ? 1.0 : expected.layers.back().maximum) <= tolerance, describe(expected),
                ": output differs by ", found);
}

// Makes the chosen layers outputs and compares each. Returns how many were compared.
int check_activations(const Case& expected, const Graph& graph, const Weights& weights,
                      const std::shared_ptr<const Backend>& backend, bool optimize,
                      bool (*chosen)(const std::string&)) {
  std::vector<const golden::Activation*> layers;
  std::vector<std::string> names;
  for (const golden::Activation& layer : expected.layers) {
    if (layer.name == "input_1" || !chosen(layer.name)) continue;
    layers.push_back(&layer);
    names.push_back(layer.name);
  }
  const Plan plan = run(expected, graph.with_outputs(names), weights, backend, optimize);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double found = golden::difference(*layers[i], golden::output(plan, i));
    CHECK_MESSAGE(found <= activation_tolerance, describe(expected), ": ", names[i], " differs by ", found,
                  " of its largest magnitude");
  }
  return static_cast<int>(layers.size());
}

bool any(const std::string&) {
  return true;
}

bool ends_mobilenet_v2_block(const std::string& name) {
  return name == "Conv1_relu" || name == "out_relu" || name.ends_with("project_BN") || name.ends_with("_add");
}

void check_mobilenet_v2(const Case& expected, const std::shared_ptr<const Backend>& backend) {
  const Graph graph = build(expected);
  const Weights weights = load(expected, graph);
  for (const bool optimize : {false, true}) {
    check_last(expected, run(expected, graph, weights, backend, optimize));
  }
  const int layers = expected.options.include_top ? 155 : 153;
  CHECK(check_activations(expected, graph, weights, backend, false, any) == layers);
  CHECK(check_activations(expected, graph, weights, backend, true, ends_mobilenet_v2_block) == 29);
}

// One thread: images this small are no work to share, and threads of a busy machine wait for each other.
TEST_CASE("mobilenet_v2: the CPU backend computes what Keras computes, layer by layer") {
  const std::vector<Case> cases = golden::read_cases("mobilenet_v2");
  REQUIRE(cases.size() == 8);
  for (const Case& expected : cases) check_mobilenet_v2(expected, make_cpu_backend(1));
}

TEST_CASE("mobilenet_v2: several threads compute what Keras computes") {
  const Case expected = golden::read_cases("mobilenet_v2").at(1);
  const Graph graph = build(expected);
  check_last(expected, run(expected, graph, load(expected, graph), make_cpu_backend(2), true));
}

TEST_CASE("mobilenet_v2: the reference backend computes what Keras computes, layer by layer") {
  check_mobilenet_v2(golden::read_cases("mobilenet_v2").at(0), make_reference_backend());
}

TEST_CASE("mobilenet_v2: the kernels for GPUs compute what Keras computes, layer by layer") {
  check_mobilenet_v2(golden::read_cases("mobilenet_v2").at(0), testing::make_cuda_on_host());
  for (const auto& gpu : testing::gpus_under_test()) {
    for (const Case& expected : golden::read_cases("mobilenet_v2")) check_mobilenet_v2(expected, gpu);
  }
}

// By model: how many blocks' ends are kept, and the output. Pooling is one more.
int kept_layers(const Case& expected) {
  const std::map<std::string, int> blocks = {
      {"mobilenet", 13}, {"resnet50", 17}, {"resnet50_v2", 20}, {"inception_v3", 16}};
  const bool pooled = expected.options.include_top || expected.options.pooling != Pooling::none;
  return blocks.at(expected.model) + (pooled ? 1 : 0);
}

TEST_CASE("every family computes from photos what Keras computes, block by block, at two sizes") {
  const std::vector<Case> cases = golden::read_cases("architectures");
  REQUIRE(cases.size() == 16);
  std::vector<std::shared_ptr<const Backend>> backends = {make_cpu_backend(1)};
  for (const auto& gpu : testing::gpus_under_test()) backends.push_back(gpu);
  for (const Case& expected : cases) {
    const Graph graph = build(expected);
    const Weights weights = load(expected, graph);
    for (const auto& backend : backends) {
      check_last(expected, run(expected, graph, weights, backend, true));
      for (const bool optimize : {false, true}) {
        CHECK(check_activations(expected, graph, weights, backend, optimize, any) == kept_layers(expected));
      }
    }
  }
}

}  // namespace
}  // namespace petal
