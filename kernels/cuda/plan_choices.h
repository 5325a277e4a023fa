#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace petal::cuda {

// Which of the plans that a library suggests was the fastest.
struct PlanChoice {
  std::string engine;
  std::size_t place = 0;  // among the suggestions
  friend bool operator==(const PlanChoice&, const PlanChoice&) = default;
};

// Such choices by a key that says all they depend on, kept in a file from run to run: a line each, key,
// engine and place with tabs between. What is no such line is passed over, and a file that cannot be read or
// written is none: then what was measured holds for this run. Several programs may keep choices at once: the
// last one wins, and none is read half.
class PlanChoices {
 public:
  explicit PlanChoices(std::filesystem::path file);

  std::optional<PlanChoice> find(const std::string& key) const;
  void keep(const std::string& key, const PlanChoice& choice);

 private:
  void read();

  std::filesystem::path file_;
  std::map<std::string, PlanChoice> choices_;
};

// The place of the plan to take of those that a library suggests, of which `engines` are the names: the one
// that was kept for the key, where it still stands at its place; else the one with the fewest `seconds`,
// which is then kept. What does not run, or not in the memory that there is (seconds throws Error), is not
// chosen; where nothing runs, it is the first, and nothing is kept.
std::size_t choose_plan(PlanChoices& choices, const std::string& key, std::span<const std::string> engines,
                        const std::function<double(std::size_t place)>& seconds);

}  // namespace petal::cuda
