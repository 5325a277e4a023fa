#include "engine/option_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "engine/error.h"

namespace petal {

OptionText::OptionText(std::string where, std::string_view text) : where_(std::move(where)) {
  bool first = true;
  while (first || !text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    if (comma + 1 == text.size()) fail(fmt::format("'{}' ends in a comma", text));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (first) {
      name_ = part;
      first = false;
      continue;
    }
    const std::size_t equals = part.find('=');
    Option option{.key = std::string(part.substr(0, equals)), .value = {}};
    option.has_value = equals != std::string_view::npos;
    if (option.has_value) option.value = part.substr(equals + 1);
    if (option.key.empty()) fail(fmt::format("'{}' has an option without a name", name_));
    if (has(option.key)) fail(fmt::format("'{}' has the option {} twice", name_, option.key));
    options_.push_back(std::move(option));
  }
}

void OptionText::fail(const std::string& what) const {
  throw Error(where_, what);
}

const OptionText::Option* OptionText::find(std::string_view key) const {
  const auto found = std::ranges::find(options_, key, &Option::key);
  return found == options_.end() ? nullptr : &*found;
}

bool OptionText::has(std::string_view key) const {
  return find(key) != nullptr;
}

double OptionText::number(const std::string& key, double otherwise, double low, double high) {
  known_.push_back(key);
  const Option* option = find(key);
  if (option == nullptr) return otherwise;
  const char *begin = option->value.data(), *end = begin + option->value.size();
  double number = 0;
  const auto [stop, error] = std::from_chars(begin, end, number);
  // Written so that NaN fails.
  if (error != std::errc() || stop != end || !(number >= low && number <= high)) {
    fail(fmt::format("{} of '{}' is '{}'; expected a number from {} to {}", key, name_, option->value, low,
                     high));
  }
  return number;
}

bool OptionText::flag(const std::string& key, bool otherwise) {
  known_.push_back(key);
  const Option* option = find(key);
  if (option == nullptr) return otherwise;
  if (!option->has_value || option->value == "true") return true;
  if (option->value == "false") return false;
  fail(fmt::format("{} of '{}' is '{}'; expected true or false", key, name_, option->value));
}

void OptionText::finish() const {
  for (const Option& option : options_) {
    if (std::ranges::find(known_, option.key) != known_.end()) continue;
    fail(fmt::format("'{}' has no option '{}'; it has {}", name_, option.key,
                     known_.empty() ? "none" : fmt::format("{}", fmt::join(known_, ", "))));
  }
}

}  // namespace petal
