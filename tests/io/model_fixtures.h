#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/model.h"
#include "engine/plan.h"
#include "kernels/reference/backend.h"

namespace petal {

// A folder that is gone after the test.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "petal_model_file_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

// Numbers that are neither alike nor at their start: no two weights can be exchanged unseen. Variances stay
// positive.
inline Weights distinct_weights(const Graph& graph) {
  Weights weights = initialize(graph, 7);
  std::uint32_t state = 1;
  for (const WeightDeclaration& weight : graph.weights()) {
    for (float& value : weights.edit(weight.name).values()) {
      state = state * 1664525u + 1013904223u;
      const float noise = static_cast<float>(state >> 8) * 0x1p-24f;  // [0, 1)
      const bool variance = weight.name.ends_with("variance");
      value = variance ? 0.5f + noise : value * 0.9f + (noise - 0.5f) * 0.2f;
    }
  }
  return weights;
}

inline Model example(Graph graph) {
  Model model;
  model.network.weights = distinct_weights(graph);
  model.network.graph = std::move(graph);
  model.labels = {"Gänseblümchen", "蒲公英", "a \"quoted\"\nname"};
  model.architecture = "mobilenet_v2";
  model.apply_exif_orientation = true;
  return model;
}

inline std::vector<float> pixels_for(const Graph& graph) {
  std::vector<float> pixels(static_cast<std::size_t>(graph[graph.inputs()[0]].shape.elements()));
  std::uint32_t state = 3;
  for (float& pixel : pixels) {
    state = state * 1664525u + 1013904223u;
    pixel = static_cast<float>(state >> 24);
  }
  return pixels;
}

inline std::vector<float> predict(const Network& network, const std::vector<float>& pixels) {
  Plan plan = compile(network.graph, network.weights, make_reference_backend(), {.optimize = false});
  std::memcpy(plan.input(), pixels.data(), pixels.size() * sizeof(float));
  plan.run();
  std::vector<float> output(static_cast<std::size_t>(plan.outputs()[0].shape.elements()));
  std::memcpy(output.data(), plan.output(), output.size() * sizeof(float));
  return output;
}

}  // namespace petal
