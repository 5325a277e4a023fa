#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/plan.h"
#include "models/registry.h"

namespace petal::golden {

// What Keras computed for one layer: see tests/golden/make_mobilenet_v2.py and make_architectures.py.
struct Activation {
  std::string name;
  double mean = 0;
  double norm = 0;     // L2
  double maximum = 0;  // of the absolute values
  std::vector<float> samples;
};

// One model, image size and batch that Keras ran.
struct Case {
  std::string model;
  ArchitectureOptions options;  // with `classes`
  std::int64_t batch = 1;
  std::filesystem::path weights;  // empty: filled_weights
  std::vector<Activation> layers;
  std::vector<float> last;  // all elements of the output; of features none where the samples must do
};

constexpr std::int64_t classes = 10;

// "none", "avg" or "max".
Pooling pooling_by_name(const std::string& name);

// The folder tests/golden/NAME.
std::filesystem::path folder(const std::string& name);
nlohmann::json read_json(const std::filesystem::path& file);
std::vector<Case> read_cases(const std::string& name);

// The photos of the maker, (batch, size, size, 3), whole numbers in 0..255.
std::vector<float> photos(std::int64_t batch, std::int64_t size);
// The maker's choice of `samples` flat indexes out of `elements`.
std::vector<std::int64_t> sampled(std::int64_t elements);

// The largest difference of the sampled elements, of the mean and of the norm over the root of the count,
// each relative to the largest magnitude that Keras has in the whole activation.
double difference(const Activation& expected, std::span<const float> found);

// The elements of the plan's output.
std::span<const float> output(const Plan& plan, std::size_t index = 0);

}  // namespace petal::golden
