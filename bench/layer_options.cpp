#include "bench/layer_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "engine/error.h"

namespace petal::bench {
namespace {

template <class... L>
struct Layers {};
// What networks for inference are made of.
using Listed = Layers<Conv2D, DepthwiseConv2D, SeparableConv2D, Dense, BatchNormalization, MaxPooling2D,
                      AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, Activation, Add,
                      Concatenate, ZeroPadding2D, Flatten, Reshape>;

template <class Of, class... L>
constexpr bool is_listed(Layers<L...>) {
  return (std::is_same_v<Of, L> || ...);
}

// Calls option(name, member, whether it is written even as a default) for each.
template <class L, class Option>
void each_option(Option&& option) {
  constexpr bool pooling = requires {
    &L::pool;
  };
  if constexpr (requires { &L::filters; }) option("filters", &L::filters, true);
  if constexpr (requires { &L::units; }) option("units", &L::units, true);
  if constexpr (requires { &L::kernel; }) option("kernel", &L::kernel, false);
  if constexpr (requires { &L::pool; }) option("pool", &L::pool, true);
  if constexpr (requires { &L::strides; }) option("strides", &L::strides, pooling);
  if constexpr (requires { &L::padding; }) option("padding", &L::padding, false);
  if constexpr (requires { &L::dilation; }) option("dilation", &L::dilation, false);
  if constexpr (requires { &L::groups; }) option("groups", &L::groups, false);
  if constexpr (requires { &L::depth_multiplier; }) option("depth_multiplier", &L::depth_multiplier, false);
  if constexpr (requires { &L::use_bias; }) option("use_bias", &L::use_bias, false);
  if constexpr (requires { &L::scale; }) option("scale", &L::scale, false);
  if constexpr (requires { &L::center; }) option("center", &L::center, false);
  if constexpr (requires { &L::activation; }) option("activation", &L::activation, false);
  if constexpr (requires { &L::function; }) option("function", &L::function, true);
  if constexpr (requires { &L::keepdims; }) option("keepdims", &L::keepdims, false);
  if constexpr (requires { &L::target; }) option("target", &L::target, true);
}

std::string text_of(std::int64_t number) {
  return std::to_string(number);
}
std::string text_of(bool flag) {
  return flag ? "true" : "false";
}
std::string text_of(const Size2D& size) {
  return fmt::format("{}x{}", size.height, size.width);
}
std::string text_of(const std::vector<std::int64_t>& dims) {
  return fmt::format("{}", fmt::join(dims, "x"));
}
std::string text_of(const Padding2D& pads) {
  return fmt::format("{},{},{},{}", pads.top, pads.bottom, pads.left, pads.right);
}
std::string text_of(const Padding& padding) {
  if (padding.kind == Padding::Kind::same) return "same";
  return padding.kind == Padding::Kind::valid ? "valid" : text_of(padding.pads);
}
std::string text_of(ActivationFunction function) {
  return std::string(to_string(function));
}

void read(const std::string& where, const std::string& text, std::int64_t& number) {
  number = read_numbers(where, text, ' ', 1)[0];
}
void read(const std::string& where, const std::string& text, bool& flag) {
  if (text != "true" && text != "false") throw Error(where, "'" + text + "' is neither true nor false");
  flag = text == "true";
}
void read(const std::string& where, const std::string& text, Size2D& size) {
  const std::vector<std::int64_t> sides = read_numbers(where, text, 'x', 2);
  if (sides.size() != 2) throw Error(where, "'" + text + "' is no height and width; write 3x3");
  size = {sides[0], sides[1]};
}
void read(const std::string& where, const std::string& text, std::vector<std::int64_t>& dims) {
  dims = read_numbers(where, text, 'x', Shape::max_rank - 1);
}
void read(const std::string& where, const std::string& text, Padding2D& pads) {
  const std::vector<std::int64_t> sides = read_numbers(where, text, ',', 4);
  if (sides.size() != 4) throw Error(where, "'" + text + "' is not top,bottom,left,right; write 0,1,0,1");
  pads = {sides[0], sides[1], sides[2], sides[3]};
}
void read(const std::string& where, const std::string& text, Padding& padding) {
  if (text == "valid") {
    padding = Padding::valid;
  } else if (text == "same") {
    padding = Padding::same;
  } else {
    Padding2D pads;
    read(where, text, pads);
    padding = Padding::explicitly(pads);
  }
}
void read(const std::string& where, const std::string& text, ActivationFunction& function) {
  function = activation_function(where, text);
}

template <class L>
L read_layer(const std::string& where, std::map<std::string, std::string>& options) {
  L layer;
  std::vector<std::string> known;
  each_option<L>([&](const char* name, auto member, bool) {
    known.emplace_back(name);
    const auto found = options.find(name);
    if (found == options.end()) return;
    read(fmt::format("{}, {}", where, name), found->second, layer.*member);
    options.erase(found);
  });
  if (!options.empty()) {
    throw Error(where,
                fmt::format("{} has no option '{}' here; known are {}", L::kind, options.begin()->first,
                            known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  }
  return layer;
}

template <class... L>
Layer read_listed(Layers<L...>, const std::string& where, const std::string& kind,
                  std::map<std::string, std::string>& options) {
  Layer layer;
  const bool known = ((kind == L::kind && (layer = read_layer<L>(where, options), true)) || ...);
  if (!known) {
    const std::string_view kinds[] = {L::kind...};
    throw Error(where,
                fmt::format("'{}' is no layer of a shape list; known are {}", kind, fmt::join(kinds, ", ")));
  }
  return layer;
}

}  // namespace

std::string options_text(const std::string& where, const Layer& layer) {
  return std::visit(
      [&]<class L>(const L& stated) {
        std::string text;
        if constexpr (is_listed<L>(Listed{})) {
          each_option<L>([&](const char* name, auto member, bool always) {
            if (!always && stated.*member == L{}.*member) return;
            text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, text_of(stated.*member));
          });
        } else {
          throw Error(where, fmt::format("shape lists hold no {}", L::kind));
        }
        return text;
      },
      layer);
}

Layer layer_from_options(const std::string& where, const std::string& kind,
                         std::map<std::string, std::string> options) {
  return read_listed(Listed{}, where, kind, options);
}

std::vector<std::int64_t> read_numbers(const std::string& where, std::string_view text, char separator,
                                       std::size_t most) {
  constexpr std::int64_t largest = 1 << 20;
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  do {
    if (!numbers.empty()) ++at;
    std::int64_t number = -1;
    const auto [next, error] = std::from_chars(at, end, number);
    const bool separated = next == end || *next == separator;
    if (error != std::errc() || number < 0 || number > largest || !separated || numbers.size() == most) {
      throw Error(where, fmt::format("'{}' must be {} from 0 to {}", text,
                                     most == 1 ? "a number"
                                               : fmt::format("numbers with '{}' between, at most {}, each",
                                                             separator, most),
                                     largest));
    }
    numbers.push_back(number);
    at = next;
  } while (at != end);
  return numbers;
}

}  // namespace petal::bench
