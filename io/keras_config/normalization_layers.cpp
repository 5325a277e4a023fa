#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

Layer read_batch_normalization(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  options.boolean("synchronized", false);  // across devices in training alone
  options.boolean("fused", true);          // how Keras 2 computes it, not what
  options.require_unset("renorm");
  options.require_unset("gamma_regularizer");
  options.require_unset("beta_regularizer");
  options.value("renorm_momentum");  // of renorm alone
  options.value("renorm_clipping");
  return BatchNormalization{.momentum = options.number("momentum", 0.99f),
                            .epsilon = options.number("epsilon", 1e-3f),
                            .scale = options.boolean("scale", true),
                            .center = options.boolean("center", true)};
}

Layer read_dropout(Options& options, Shapes) {
  options.require_unset("noise_shape");
  const float rate = options.number("rate", 0.5f);
  if (rate < 0.0f || rate >= 1.0f)
    options.fail("has rate " + shown(options.value("rate")) + "; expected [0, 1)");
  return Dropout{rate};
}

Layer read_rescaling(Options& options, Shapes) {
  return Rescaling{.scale = options.number("scale", 1.0f), .offset = options.number("offset", 0.0f)};
}

}  // namespace

Readers normalization_readers() {
  return {
      {"BatchNormalization", read_batch_normalization},
      {"Dropout", read_dropout},
      {"Rescaling", read_rescaling},
  };
}

Description describe(const BatchNormalization& layer, const Node&) {
  return {"BatchNormalization",
          {{"axis", -1},
           {"momentum", shortest(layer.momentum)},
           {"epsilon", shortest(layer.epsilon)},
           {"center", layer.center},
           {"scale", layer.scale}}};
}

Description describe(const Dropout& layer, const Node&) {
  return {"Dropout", {{"rate", shortest(layer.rate)}, {"noise_shape", nullptr}, {"seed", nullptr}}};
}

Description describe(const Rescaling& layer, const Node&) {
  return {"Rescaling", {{"scale", shortest(layer.scale)}, {"offset", shortest(layer.offset)}}};
}

}  // namespace petal::keras_config
