#include "engine/optimizer.h"

#include "engine/error.h"

namespace petal {

std::string_view name(const Optimizer& optimizer) {
  return std::holds_alternative<SGD>(optimizer) ? "sgd" : "adam";
}

Optimizer optimizer_by_name(std::string_view name) {
  if (name == "sgd") return SGD{};
  if (name == "adam") return Adam{};
  throw Error("--optimizer", "'" + std::string(name) + "' is not known; known are sgd, adam");
}

float learning_rate(const Optimizer& optimizer) {
  return std::visit([](const auto& o) { return o.learning_rate; }, optimizer);
}

Optimizer with_learning_rate(Optimizer optimizer, float learning_rate) {
  std::visit([&](auto& o) { o.learning_rate = learning_rate; }, optimizer);
  return optimizer;
}

int slot_count(const Optimizer& optimizer) {
  if (const auto* sgd = std::get_if<SGD>(&optimizer)) return sgd->momentum != 0.0f ? 1 : 0;
  return 2;
}

}  // namespace petal
