#include "engine/layers/layer.h"

#include <type_traits>

namespace petal {

std::string_view kind(const Layer& layer) {
  return std::visit([](const auto& l) { return std::decay_t<decltype(l)>::kind; }, layer);
}

Shape infer_shape(const Layer& layer, std::string_view where, std::span<const Shape> src) {
  return std::visit([&](const auto& l) { return infer_shape(l, where, src); }, layer);
}

std::vector<WeightDeclaration> declare_weights(const Layer& layer, std::span<const Shape> src) {
  return std::visit([&](const auto& l) { return declare_weights(l, src); }, layer);
}

std::int64_t operations(const Layer& layer, std::span<const Shape> src) {
  return std::visit([&](const auto& l) { return operations(l, src); }, layer);
}

BackwardNeeds backward_needs(const Layer& layer) {
  return std::visit([](const auto& l) { return backward_needs(l); }, layer);
}

bool is_augmentation(const Layer& layer) {
  return geometric(layer) || std::holds_alternative<RandomContrast>(layer) ||
         std::holds_alternative<RandomBrightness>(layer) || std::holds_alternative<RandomAffine>(layer);
}

bool moves_statistics(const Layer& layer) {
  return std::holds_alternative<BatchNormalization>(layer);
}

bool is_regularization(const Layer& layer) {
  return std::visit(
      []<class L>(const L&) {
        return std::is_same_v<L, Dropout> || std::is_same_v<L, SpatialDropout2D> ||
               std::is_same_v<L, GaussianDropout> || std::is_same_v<L, GaussianNoise> ||
               std::is_same_v<L, ActivityRegularization>;
      },
      layer);
}

bool draws_random_numbers(const Layer& layer) {
  return is_augmentation(layer) || std::visit(
                                       [](const auto& l) {
                                         if constexpr (requires { l.rate; }) return l.rate > 0.0f;
                                         if constexpr (requires { l.stddev; }) return l.stddev > 0.0f;
                                         return false;
                                       },
                                       layer);
}

ActivationFunction activation_of(const Layer& layer) {
  return std::visit(
      [](const auto& l) {
        using L = std::decay_t<decltype(l)>;
        if constexpr (std::is_same_v<L, Activation>) {
          return l.function;
        } else if constexpr (requires { l.activation; }) {
          return l.activation;
        } else {
          return ActivationFunction::linear;
        }
      },
      layer);
}

std::optional<GeometricLayer> geometric(const Layer& layer) {
  return std::visit(
      [](const auto& l) -> std::optional<GeometricLayer> {
        if constexpr (std::is_constructible_v<GeometricLayer, decltype(l)>) {
          return GeometricLayer(l);
        } else {
          return std::nullopt;
        }
      },
      layer);
}

}  // namespace petal
