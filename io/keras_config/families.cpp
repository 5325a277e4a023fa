#include "io/keras_config/families.h"

#include <array>
#include <charconv>

#include "engine/error.h"

namespace petal::keras_config {
namespace {

// Of Keras's three classes the one that says no more than it must.
OrderedJson regularizer_config(const Regularizer& regularizer) {
  OrderedJson factors;
  if (regularizer.l1 != 0.0f) factors["l1"] = shortest(regularizer.l1);
  if (regularizer.l2 != 0.0f) factors["l2"] = shortest(regularizer.l2);
  const char* class_name = factors.size() == 2 ? "L1L2" : factors.contains("l1") ? "L1" : "L2";
  return {{"module", "keras.regularizers"},
          {"class_name", class_name},
          {"config", std::move(factors)},
          {"registered_name", nullptr}};
}

}  // namespace

std::size_t rank_of(Shapes src) {
  return src.empty() ? 1 : src[0].rank() + 1;
}

Description Description::with(const char* key, const Regularizer& regularizer) && {
  if (regularizer != Regularizer{}) arguments[key] = regularizer_config(regularizer);
  return std::move(*this);
}

Description describe(const Input&, const Node&) {
  return {"InputLayer", OrderedJson::object()};
}

std::string where_of(const Node& node) {
  return "layer '" + node.name + "'";
}

double shortest(float value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double number = 0;
  std::from_chars(text.data(), written.ptr, number);
  return number;
}

OrderedJson pair(Size2D size) {
  return OrderedJson::array({size.height, size.width});
}

OrderedJson pair(const Range& range) {
  return OrderedJson::array({shortest(range.lower), shortest(range.upper)});
}

std::string padding_name(const Node& node, const Padding& padding) {
  switch (padding.kind) {
    case Padding::Kind::valid:
      return "valid";
    case Padding::Kind::same:
      return "same";
    case Padding::Kind::explicit_:
      break;
  }
  throw Error(where_of(node),
              "Keras has no explicit padding in " + std::string(kind(node.layer)) +
                  "; write the graph from before fold_zero_padding, with its ZeroPadding2D",
              ErrorKind::failure);
}

}  // namespace petal::keras_config
