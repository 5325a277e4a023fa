// Whole networks in halves beside float32: the same photo through both.

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/plan.h"
#include "filled_weights.h"
#include "golden_case.h"
#include "kernels/cpu/backend.h"
#include "models/registry.h"
#include "tests/cuda_on_host.h"
#include "tests/gpu_under_test.h"

namespace petal {
namespace {

std::vector<float> features(const Graph& graph, const Weights& weights, Precision precision, bool optimize,
                            const std::shared_ptr<const Backend>& backend = make_cpu_backend(2)) {
  Plan plan = compile(graph, weights, backend, {.batch = 2, .precision = precision, .optimize = optimize});
  CHECK(plan.inputs()[0].type == DataType::f32);
  CHECK(plan.outputs()[0].type == DataType::f32);
  auto* pixels = reinterpret_cast<float*>(plan.input());
  for (std::int64_t i = 0; i < plan.inputs()[0].shape.elements(); ++i)
    pixels[i] = static_cast<float>((i * 2654435761u >> 16) % 256);
  plan.run();
  const std::span<const float> output = golden::output(plan);
  return {output.begin(), output.end()};
}

double relative_error(const std::vector<float>& found, const std::vector<float>& expected) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    difference += std::pow(found[i] - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  return std::sqrt(difference / size);
}

TEST_CASE("every kind of architecture has its features in bfloat16, fused and node for node") {
  for (const auto& [name, alpha] :
       {std::pair("mobilenet", 0.25f), std::pair("mobilenet_v2", 0.35f), std::pair("resnet50", 1.0f),
        std::pair("resnet50_v2", 1.0f), std::pair("inception_v3", 1.0f)}) {
    const Architecture& row = architecture(name);
    const Graph graph = row.build({.image_size = row.minimum_image_size,
                                   .alpha = alpha,
                                   .include_top = false,
                                   .pooling = Pooling::avg});
    const Weights weights = golden::filled_weights(graph);
    const std::vector<float> expected = features(graph, weights, Precision::f32, true);
    for (const bool optimize : {true, false}) {
      const double error = relative_error(features(graph, weights, Precision::bf16, optimize), expected);
      const std::string line = std::string(name) + (optimize ? ": " : " node for node: ");
      MESSAGE(line << error);
      CHECK(error < 0.02);
      CHECK(error > 1e-4);  // they are bfloat16
    }
  }
}

TEST_CASE("gpu: architectures have their features in both halves") {
  std::vector<std::shared_ptr<const Backend>> devices = {testing::make_cuda_on_host()};
  for (const auto& gpu : testing::gpus_under_test()) devices.push_back(gpu);
  for (const auto& [name, alpha] : {std::pair("mobilenet", 0.25f), std::pair("mobilenet_v2", 0.35f)}) {
    const Architecture& row = architecture(name);
    const Graph graph = row.build({.image_size = row.minimum_image_size,
                                   .alpha = alpha,
                                   .include_top = false,
                                   .pooling = Pooling::avg});
    const Weights weights = golden::filled_weights(graph);
    const std::vector<float> expected = features(graph, weights, Precision::f32, true);
    for (const auto& device : devices) {
      for (const auto& [precision, bound] : {std::pair(Precision::bf16, 0.02), {Precision::f16, 0.0025}}) {
        const double error = relative_error(features(graph, weights, precision, true, device), expected);
        const std::string line =
            device->name() + ", " + name + ", " + std::string(to_string(precision)) + ": ";
        MESSAGE(line << error);
        CHECK(error < bound);
        CHECK(error > bound / 200);  // they are halves
      }
    }
  }
}

}  // namespace
}  // namespace petal
