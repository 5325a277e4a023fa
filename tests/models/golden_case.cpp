#include "golden_case.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "engine/error.h"

namespace petal::golden {
namespace {

constexpr std::int64_t sample_count = 64;

std::vector<float> read_floats(const std::filesystem::path& file) {
  std::vector<float> numbers(std::filesystem::file_size(file) / sizeof(float));
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(numbers.data()),
              static_cast<std::streamsize>(numbers.size() * sizeof(float)));
  if (!stream) throw Error(file.string(), "cannot be read");
  return numbers;
}

std::vector<float> part(const std::vector<float>& numbers, std::int64_t offset, std::int64_t count) {
  return {numbers.begin() + offset, numbers.begin() + offset + count};
}

Case read_case(const nlohmann::json& json, const std::string& name, const std::vector<float>& numbers) {
  const std::string weights = json["weights"];
  Case result{.model = json.value("model", name),
              .options = {.image_size = json["size"],
                          .alpha = json["alpha"],
                          .include_top = json["top"],
                          .classes = classes,
                          .pooling = pooling_by_name(json.value("pooling", "none"))},
              .batch = json["batch"],
              .weights = weights.empty() ? "" : folder(name) / weights,
              .layers = {},
              .last = {}};
  for (const nlohmann::json& layer : json["layers"]) {
    result.layers.push_back({layer["name"], layer["mean"], layer["norm"], layer["maximum"],
                             part(numbers, layer["offset"], sample_count)});
  }
  std::int64_t elements = 1;
  for (const std::int64_t size : json["last"]["shape"]) elements *= size;
  result.last = part(numbers, json["last"]["offset"], elements);
  return result;
}

}  // namespace

Pooling pooling_by_name(const std::string& name) {
  if (name == "avg") return Pooling::avg;
  if (name == "max") return Pooling::max;
  if (name != "none") throw Error("pooling", "'" + name + "' is none of none, avg and max");
  return Pooling::none;
}

std::filesystem::path folder(const std::string& name) {
  return std::filesystem::path(PETAL_SOURCE) / "tests/golden" / name;
}

nlohmann::json read_json(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw Error(file.string(), "cannot be read");
  return nlohmann::json::parse(stream);
}

std::vector<Case> read_cases(const std::string& name) {
  const std::vector<float> numbers = read_floats(folder(name) / "activations.f32");
  std::vector<Case> cases;
  for (const nlohmann::json& json : read_json(folder(name) / "activations.json")) {
    cases.push_back(read_case(json, name, numbers));
  }
  return cases;
}

std::vector<float> photos(std::int64_t batch, std::int64_t size) {
  std::vector<float> pixels;
  pixels.reserve(static_cast<std::size_t>(batch * size * size * 3));
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t h = 0; h < size; ++h) {
      for (std::int64_t w = 0; w < size; ++w) {
        for (std::int64_t c = 0; c < 3; ++c) {
          const std::int64_t wave = (h * (3 + c) + w * (5 - c) + n * 40) % 160;
          const std::int64_t detail = (h * h * 7 + w * w * 13 + h * w * 3 + c * 29 + n * 11) % 96;
          pixels.push_back(static_cast<float>(wave + detail));
        }
      }
    }
  }
  return pixels;
}

std::vector<std::int64_t> sampled(std::int64_t elements) {
  std::vector<std::int64_t> indexes;
  for (std::int64_t j = 0; j < sample_count; ++j) {
    const std::int64_t stretch = std::max<std::int64_t>(1, elements / sample_count);
    indexes.push_back(j * elements / sample_count + (j * j * 31) % stretch);
  }
  return indexes;
}

double difference(const Activation& expected, std::span<const float> found) {
  const std::vector<std::int64_t> indexes = sampled(std::ssize(found));
  double largest = 0;
  const auto compare = [&](double a, double b) {
    const double gap = std::abs(a - b);
    // A NaN must not pass for a small difference.
    largest = gap <= largest ? largest : (std::isnan(gap) ? std::numeric_limits<double>::infinity() : gap);
  };
  for (std::size_t j = 0; j < indexes.size(); ++j) {
    compare(expected.samples[j], found[static_cast<std::size_t>(indexes[j])]);
  }
  double sum = 0, squares = 0;
  for (const double value : found) {
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(found.size());
  compare(expected.mean, sum / count);
  compare(expected.norm / std::sqrt(count), std::sqrt(squares / count));
  return largest / expected.maximum;
}

std::span<const float> output(const Plan& plan, std::size_t index) {
  const Shape& shape = plan.outputs()[index].shape;
  return {reinterpret_cast<const float*>(plan.output(index)), static_cast<std::size_t>(shape.elements())};
}

}  // namespace petal::golden
