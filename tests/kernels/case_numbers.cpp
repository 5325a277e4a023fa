#include "tests/kernels/case_numbers.h"

#include <algorithm>
#include <cmath>

#include "engine/random.h"

namespace petal::testing {
namespace {

constexpr std::uint64_t seed = 20240607;

// Uniform in [-1, 1]: multiples of 2^-23, or of 1/128 where a half precision must hold them exactly.
std::vector<double> uniform(std::int64_t count, Precision precision, std::uint32_t array) {
  const RandomStream random(seed, RandomPurpose::drawing, 0, 0, array);
  const bool half = precision == Precision::bf16 || precision == Precision::f16;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    const double value = 2 * static_cast<double>(random.uniform(i)) - 1;
    values[i] = half ? std::nearbyint(value * 128) / 128 : value;
  }
  return values;
}

// Variances are positive and scales away from zero, as trained ones are.
std::vector<double> weight(const WeightDeclaration& declaration, Precision precision, std::uint32_t array) {
  std::vector<double> values = uniform(declaration.shape.elements(), precision, array);
  if (declaration.name == "gamma" || declaration.name.ends_with("variance")) {
    for (double& value : values) value = 1 + std::nearbyint(value * 64) / 128;
  }
  return values;
}

}  // namespace

Node node_of(const Case& item) {
  Node node;
  node.name = item.name;
  node.layer = item.layer;
  node.shape = infer_shape(item.layer, item.name, item.src);
  node.trainable = item.trainable;
  node.fused_residual = item.residual;
  for (std::size_t i = 0; i < item.src.size() + (item.residual ? 1 : 0); ++i) {
    node.inputs.push_back(static_cast<int>(i));
  }
  return node;
}

std::vector<Shape> inputs_of(const Case& item) {
  std::vector<Shape> shapes = item.src;
  if (item.residual) shapes.push_back(infer_shape(item.layer, item.name, item.src));
  return shapes;
}

std::vector<WeightDeclaration> weights_of(const Case& item) {
  return declare_weights(item.layer, item.src);
}

std::vector<Direction> directions_of(const Case& item) {
  if (item.pixels) return {Direction::forward};
  std::vector<Direction> directions = {Direction::forward, Direction::backward_data};
  const std::vector<WeightDeclaration> weights = weights_of(item);
  if (std::ranges::any_of(weights, [](const auto& weight) { return weight.role == Role::weight; })) {
    directions.push_back(Direction::backward_weights);
  }
  return directions;
}

CaseNumbers make_numbers(const Case& item, Precision precision) {
  CaseNumbers numbers;
  std::uint32_t array = 0;
  for (const Shape& shape : inputs_of(item)) {
    std::vector<double> values = uniform(shape.elements() * item.batch, precision, array++);
    for (double& value : values)
      value = item.pixels ? std::floor((value + 1) * 127.5) : value * item.magnitude;
    numbers.src.push_back(std::move(values));
  }
  for (const WeightDeclaration& declaration : weights_of(item)) {
    numbers.weights.push_back(weight(declaration, precision, array++));
  }
  numbers.diff_dst = uniform(node_of(item).shape.elements() * item.batch, precision, array);
  return numbers;
}

}  // namespace petal::testing
