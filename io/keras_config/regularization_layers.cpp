#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

// Below 1, as all would be dropped.
float rate_of(Options& options) {
  const float rate = options.number("rate", 0.5f);
  if (rate < 0.0f || rate >= 1.0f)
    options.fail("has rate " + shown(options.value("rate")) + "; expected [0, 1)");
  return rate;
}

Layer read_dropout(Options& options, Shapes) {
  options.require_unset("noise_shape");
  return Dropout{rate_of(options)};
}

Layer read_spatial_dropout2d(Options& options, Shapes) {
  options.require_channels_last();
  options.require_unset("noise_shape");
  return SpatialDropout2D{rate_of(options)};
}

Layer read_gaussian_dropout(Options& options, Shapes) {
  return GaussianDropout{rate_of(options)};
}

Layer read_gaussian_noise(Options& options, Shapes) {
  return GaussianNoise{options.number("stddev", 0.0f)};
}

// `activity_regularizer`, which Keras 2 may write too, says the same again.
Layer read_activity_regularization(Options& options, Shapes) {
  return ActivityRegularization{.l1 = options.number("l1", 0.0f), .l2 = options.number("l2", 0.0f)};
}

Layer read_identity(Options&, Shapes) {
  return Activation{ActivationFunction::linear};
}

}  // namespace

Readers regularization_readers() {
  return {
      {"Dropout", read_dropout},
      {"SpatialDropout2D", read_spatial_dropout2d},
      {"GaussianDropout", read_gaussian_dropout},
      {"GaussianNoise", read_gaussian_noise},
      {"ActivityRegularization", read_activity_regularization},
      {"Identity", read_identity},
  };
}

Description describe(const Dropout& layer, const Node&) {
  return {"Dropout", {{"rate", shortest(layer.rate)}, {"noise_shape", nullptr}, {"seed", nullptr}}};
}

Description describe(const SpatialDropout2D& layer, const Node&) {
  return {"SpatialDropout2D", {{"rate", shortest(layer.rate)}, {"data_format", "channels_last"}}};
}

Description describe(const GaussianDropout& layer, const Node&) {
  return {"GaussianDropout", {{"rate", shortest(layer.rate)}}};
}

Description describe(const GaussianNoise& layer, const Node&) {
  return {"GaussianNoise", {{"stddev", shortest(layer.stddev)}}};
}

Description describe(const ActivityRegularization& layer, const Node&) {
  return {"ActivityRegularization", {{"l1", shortest(layer.l1)}, {"l2", shortest(layer.l2)}}};
}

}  // namespace petal::keras_config
