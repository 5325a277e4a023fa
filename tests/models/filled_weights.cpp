#include "filled_weights.h"

#include <cmath>
#include <string_view>

#include "engine/random.h"

namespace petal::golden {
namespace {

std::uint32_t key_of(std::string_view name) {
  std::uint32_t key = 2166136261u;  // FNV-1a
  for (const char c : name) key = (key ^ static_cast<unsigned char>(c)) * 16777619u;
  return key;
}

// Murmur3's finalizer, of which the upper 8 bits count.
std::uint32_t level(std::uint32_t key, std::uint32_t index) {
  std::uint32_t x = index * 0x9E3779B9u + key;
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return (x ^ (x >> 16)) >> 24;
}

struct Spread {
  double centre, spread;
};

Spread centre_and_spread(std::string_view name, const Shape& shape) {
  const std::string_view layer = name.substr(0, name.rfind('/')), kind = name.substr(name.rfind('/') + 1);
  if (kind == "gamma" || kind == "moving_variance") {
    const bool last = layer.ends_with("_3_bn") || layer.ends_with("project_BN");
    const double share = last && kind == "gamma" ? 0.25 : 1.0;
    return {share, share / 4};
  }
  if (!kind.ends_with("kernel")) return {0, 0.25};
  const std::int64_t fan_in =
      kind == "depthwise_kernel" ? shape[0] * shape[1] : shape.elements() / shape.back();
  const double spread = std::sqrt(6.0 / static_cast<double>(fan_in));
  return {0, layer.ends_with("_3_conv") ? spread / 4 : layer == "conv1_conv" ? spread / 64 : spread};
}

void fill(const WeightDeclaration& declaration, Tensor& tensor) {
  const std::uint32_t key = key_of(declaration.name);
  const auto [centre, spread] = centre_and_spread(declaration.name, declaration.shape);
  std::uint32_t index = 0;
  for (float& value : tensor.values<float>()) {
    value = static_cast<float>(centre + (2.0 * level(key, index++) - 255.0) / 256.0 * spread);
  }
}

}  // namespace

Weights filled_weights(const Graph& graph) {
  Weights weights;
  for (const WeightDeclaration& declaration : graph.weights()) {
    Tensor tensor(declaration.shape);
    if (declaration.initializer.kind == Initializer::Kind::values) {
      initialize(declaration.initializer, RandomStream(0, RandomPurpose::initialization), tensor);
    } else {
      fill(declaration, tensor);
    }
    weights.set(declaration.name, std::move(tensor), declaration.role);
  }
  return weights;
}

}  // namespace petal::golden
