#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

template <class L>
Layer read_merge(Options&, Shapes) {
  return L{};
}

Layer read_concatenate(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  return Concatenate{};
}

// Operations that Keras recorded, of one value.
Layer read_negative(Options&, Shapes) {
  return Rescaling{.scale = -1.0f};
}

template <ActivationFunction function>
Layer read_function(Options&, Shapes) {
  return Activation{function};
}

}  // namespace

Readers merge_readers() {
  return {
      {"Add", read_merge<Add>},
      {"Subtract", read_merge<Subtract>},
      {"Multiply", read_merge<Multiply>},
      {"Average", read_merge<Average>},
      {"Maximum", read_merge<Maximum>},
      {"Minimum", read_merge<Minimum>},
      {"Concatenate", read_concatenate},
      {"Negative", read_negative},
      {"Relu", read_function<ActivationFunction::relu>},
      {"Relu6", read_function<ActivationFunction::relu6>},
      {"Sigmoid", read_function<ActivationFunction::sigmoid>},
  };
}

Description describe(const Concatenate&, const Node&) {
  return {"Concatenate", {{"axis", -1}}};
}

}  // namespace petal::keras_config
