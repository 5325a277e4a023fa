#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace petal {

// A choice with its options, as a command line states it: "NAME,key=value,flag". Every getter throws
// Error(`where`) where the value is no number, or not in [low, high]; `finish` refuses what nobody asked for
// and lists what there is.
class OptionText {
 public:
  // Throws Error(`where`) where the name or a key is empty or a key stands twice.
  OptionText(std::string where, std::string_view text);

  const std::string& name() const { return name_; }
  bool has(std::string_view key) const;
  double number(const std::string& key, double otherwise, double low, double high);
  // "key", "key=true" or "key=false".
  bool flag(const std::string& key, bool otherwise);
  void finish() const;

  // "KEY: WHAT" at `where`.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Option {
    std::string key, value;
    bool has_value = false;
  };
  const Option* find(std::string_view key) const;

  std::string where_, name_;
  std::vector<Option> options_;
  std::vector<std::string> known_;
};

}  // namespace petal
