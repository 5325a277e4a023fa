#include "io/keras_config/families.h"

#include <algorithm>

#include "engine/error.h"

namespace petal::keras_config {
namespace {

Layer read_random_flip(Options& options, Shapes) {
  options.require_channels_last();
  const Json& mode = options.value("mode");
  using enum RandomFlip::Mode;
  for (const RandomFlip::Mode known : {horizontal, vertical, horizontal_and_vertical}) {
    if (mode == to_string(known)) return RandomFlip{known};
  }
  if (mode.is_null()) return RandomFlip{};
  options.fail("has mode " + shown(mode) + "; expected horizontal, vertical or horizontal_and_vertical");
}

// Keras sorts the two.
Range ascending(const Range& range) {
  return {std::min(range.lower, range.upper), std::max(range.lower, range.upper)};
}

Range amount(Options& options, const std::string& key) {
  return ascending(options.range(key, Range::around_zero));
}

Layer read_random_rotation(Options& options, Shapes) {
  options.require_channels_last();
  const Sampling sampling = options.sampling();
  return RandomRotation{amount(options, "factor"), sampling.fill_mode, sampling.interpolation,
                        sampling.fill_value};
}

Layer read_random_zoom(Options& options, Shapes) {
  options.require_channels_last();
  const Sampling sampling = options.sampling();
  std::optional<Range> width;
  if (!options.value("width_factor").is_null()) width = amount(options, "width_factor");
  return RandomZoom{amount(options, "height_factor"), width, sampling.fill_mode, sampling.interpolation,
                    sampling.fill_value};
}

Layer read_random_translation(Options& options, Shapes) {
  options.require_channels_last();
  const Sampling sampling = options.sampling();
  return RandomTranslation{amount(options, "height_factor"), amount(options, "width_factor"),
                           sampling.fill_mode, sampling.interpolation, sampling.fill_value};
}

Layer read_random_crop(Options& options, Shapes) {
  options.require_channels_last();
  return RandomCrop{.height = options.size("height"), .width = options.size("width")};
}

// Keras 3 writes a pair always; a single number is Keras 2's, who means both sides of 1 by it and cuts to
// 0..255.
Layer read_random_contrast(Options& options, Shapes) {
  options.require_channels_last();
  const auto both = [](float factor) { return Range{factor, factor}; };
  const Range factor = options.range("factor", both);
  return RandomContrast{factor, options.range("value_range", both, RandomContrast{}.value_range)};
}

Layer read_random_brightness(Options& options, Shapes) {
  options.require_channels_last();
  const Range factor = amount(options, "factor");
  return RandomBrightness{
      factor, ascending(options.range("value_range", Range::around_zero, RandomBrightness{}.value_range))};
}

// Without data_format, and without value_range where it is the usual one: Keras 2 knows neither here.
template <class L>
OrderedJson with_sampling(OrderedJson arguments, const L& layer) {
  arguments.update({{"fill_mode", to_string(layer.fill_mode)},
                    {"interpolation", to_string(layer.interpolation)},
                    {"seed", nullptr},
                    {"fill_value", shortest(layer.fill_value)}});
  return arguments;
}

template <class L>
OrderedJson with_value_range(const L& layer) {
  OrderedJson arguments = {{"factor", pair(layer.factor)}, {"seed", nullptr}};
  if (layer.value_range != L{}.value_range) arguments["value_range"] = pair(layer.value_range);
  return arguments;
}

}  // namespace

Readers augmentation_readers() {
  return {
      {"RandomFlip", read_random_flip},
      {"RandomRotation", read_random_rotation},
      {"RandomZoom", read_random_zoom},
      {"RandomTranslation", read_random_translation},
      {"RandomCrop", read_random_crop},
      {"RandomContrast", read_random_contrast},
      {"RandomBrightness", read_random_brightness},
  };
}

Description describe(const RandomFlip& layer, const Node&) {
  return {"RandomFlip", {{"mode", to_string(layer.mode)}, {"seed", nullptr}}};
}

Description describe(const RandomRotation& layer, const Node&) {
  return {"RandomRotation", with_sampling({{"factor", pair(layer.factor)}}, layer)};
}

Description describe(const RandomZoom& layer, const Node&) {
  const OrderedJson width = layer.width_factor ? pair(*layer.width_factor) : OrderedJson();
  return {"RandomZoom",
          with_sampling({{"height_factor", pair(layer.height_factor)}, {"width_factor", width}}, layer)};
}

Description describe(const RandomTranslation& layer, const Node&) {
  return {"RandomTranslation", with_sampling({{"height_factor", pair(layer.height_factor)},
                                              {"width_factor", pair(layer.width_factor)}},
                                             layer)};
}

Description describe(const RandomCrop& layer, const Node&) {
  return {"RandomCrop", {{"height", layer.height}, {"width", layer.width}, {"seed", nullptr}}};
}

Description describe(const RandomContrast& layer, const Node&) {
  return {"RandomContrast", with_value_range(layer)};
}

Description describe(const RandomBrightness& layer, const Node&) {
  return {"RandomBrightness", with_value_range(layer)};
}

Description describe(const RandomAffine&, const Node& node) {
  throw Error(where_of(node),
              "Keras has no layer for several affine maps in one; write the graph from before "
              "compose_augmentation",
              ErrorKind::failure);
}

}  // namespace petal::keras_config
