#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/plan.h"

namespace petal::golden {

// What Keras computed for one layer: see tests/golden/make_mobilenet_v2.py.
struct Activation {
  std::string name;
  double mean = 0;
  double norm = 0;     // L2
  double maximum = 0;  // of the absolute values
  std::vector<float> samples;
};

// One model, image size and batch that Keras ran.
struct Case {
  float alpha = 1;
  std::int64_t size = 0;
  std::int64_t batch = 1;
  bool top = true;
  std::filesystem::path weights;
  std::vector<Activation> layers;
  std::vector<float> last;  // all elements of the output
};

constexpr std::int64_t classes = 10;

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
