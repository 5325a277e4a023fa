#include "models/augmentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "engine/error.h"

namespace petal {
namespace {

constexpr const char* known =
    "flip[=horizontal|vertical|both], rotation=F, zoom=F, translation=F, contrast=F, brightness=F, crop=F, "
    "where "
    "F is an amount or LOWEST:HIGHEST";

[[noreturn]] void fail(const std::string& what) {
  throw Error("--augment", what + "; known are " + known);
}

// One entry of the list, "NAME" or "NAME=VALUE".
struct Entry {
  std::string name, value;
};

std::vector<Entry> entries_of(std::string_view text) {
  std::vector<Entry> entries;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t equals = std::min(item.find('='), item.size());
    Entry entry{std::string(item.substr(0, equals)),
                std::string(item.substr(std::min(item.size(), equals + 1)))};
    if (std::ranges::find(entries, entry.name, &Entry::name) != entries.end()) {
      fail("'" + entry.name + "' stands twice");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

float number(const Entry& entry, std::string_view text) {
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    fail(entry.value.empty() ? "'" + entry.name + "' lacks its amount, as in " + entry.name + "=0.2"
                             : "'" + entry.value + "' of " + entry.name + " is no amount");
  }
  return value;
}

Range range(const Entry& entry) {
  const std::string_view value = entry.value;
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) {
    const float amount = number(entry, value);
    if (amount < 0) fail(fmt::format("{}={}: an amount is 0 or more", entry.name, value));
    return Range::around_zero(amount);
  }
  const Range given{number(entry, value.substr(0, colon)), number(entry, value.substr(colon + 1))};
  if (given.lower > given.upper) fail(fmt::format("{}={}: the lowest comes first", entry.name, value));
  return given;
}

// Keras's two shares: how far below 1, and how far above it, the factor may lie.
Range contrast(const Entry& entry) {
  const Range given = range(entry);
  const bool single = entry.value.find(':') == std::string::npos;
  return single ? Range{given.upper, given.upper} : given;
}

RandomFlip flip(const Entry& entry) {
  if (entry.value.empty() || entry.value == "horizontal") return {.mode = RandomFlip::Mode::horizontal};
  if (entry.value == "vertical") return {.mode = RandomFlip::Mode::vertical};
  if (entry.value == "both") return {.mode = RandomFlip::Mode::horizontal_and_vertical};
  fail("flip='" + entry.value + "' is no direction");
}

// The layer, and where it crops a larger input.
Layer layer_of(const Entry& entry, Range values, std::int64_t body_size, std::int64_t& input_size) {
  if (entry.name == "flip") return flip(entry);
  if (entry.name == "rotation") return RandomRotation{.factor = range(entry)};
  if (entry.name == "zoom") return RandomZoom{.height_factor = range(entry)};
  if (entry.name == "translation") {
    return RandomTranslation{.height_factor = range(entry), .width_factor = range(entry)};
  }
  if (entry.name == "contrast") return RandomContrast{.factor = contrast(entry), .value_range = values};
  if (entry.name == "brightness") return RandomBrightness{.factor = range(entry), .value_range = values};
  if (entry.name == "crop") {
    const float share = number(entry, entry.value);
    if (!(share >= 0.1f && share < 1.0f)) fail("crop=" + entry.value + ": the share is from 0.1 to below 1");
    input_size = static_cast<std::int64_t>(std::lround(static_cast<float>(body_size) / share));
    return RandomCrop{.height = body_size, .width = body_size};
  }
  fail("'" + entry.name + "' is not known");
}

}  // namespace

Augmentation read_augmentation(std::string_view text, Range value_range, std::int64_t body_size) {
  Augmentation augmentation{.input_size = body_size};
  if (text == "none") return augmentation;
  for (const Entry& entry : entries_of(text)) {
    Layer layer = layer_of(entry, value_range, body_size, augmentation.input_size);
    augmentation.layers.emplace_back("random_" + entry.name, std::move(layer));
  }
  // Shapes and ranges are checked where layers are: a layer that cannot be is found before any work is done.
  Shape shape{augmentation.input_size, augmentation.input_size, 3};
  for (const auto& [name, layer] : augmentation.layers) {
    try {
      shape = infer_shape(layer, name, std::span(&shape, 1));
    } catch (const Error& error) {
      throw Error("--augment", error.what());
    }
  }
  return augmentation;
}

}  // namespace petal
