#include "models/cnn.h"

#include "models/layer_names.h"

namespace petal {

Graph cnn(const CNN& options) {
  GraphBuilder g("cnn");
  Value x = g.input({options.image_size, options.image_size, 3});
  int dropouts = 0;
  const auto drop = [&] {
    if (options.dropout > 0.0f) x = g.add(numbered("dropout", dropouts++), Dropout{options.dropout}, x);
  };
  int block = 0;
  for (const std::int64_t filters : {32, 32, 64, 64}) {
    if (block == 3) drop();
    x = g.add(numbered("conv2d", block),
              Conv2D{.filters = filters, .kernel = {3, 3}, .activation = ActivationFunction::relu}, x);
    x = g.add(numbered("max_pooling2d", block), MaxPooling2D{.pool = {2, 2}, .strides = {2, 2}}, x);
    ++block;
  }
  x = g.add("flatten", Flatten{}, x);
  int dense = 0;
  for (const std::int64_t units : options.hidden) {
    x = g.add(numbered("dense", dense++), Dense{.units = units, .activation = ActivationFunction::relu}, x);
    drop();
  }
  x = g.add("predictions", Dense{.units = options.classes, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

}  // namespace petal
