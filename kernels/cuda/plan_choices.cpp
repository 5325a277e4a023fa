#include "kernels/cuda/plan_choices.h"

#include <unistd.h>

#include <charconv>
#include <fstream>
#include <limits>

#include "engine/error.h"

namespace petal::cuda {
namespace {

constexpr const char* header = "petal gpu plans, version 1";

// Nothing where the line is no choice.
std::optional<std::pair<std::string, PlanChoice>> parse(const std::string& line) {
  const std::size_t engine = line.find('\t');
  const std::size_t place = engine == std::string::npos ? engine : line.find('\t', engine + 1);
  if (place == std::string::npos) return {};
  PlanChoice choice{line.substr(engine + 1, place - engine - 1)};
  const char *begin = line.data() + place + 1, *end = line.data() + line.size();
  const auto [read_to, error] = std::from_chars(begin, end, choice.place);
  if (error != std::errc() || read_to != end) return {};
  return std::pair(line.substr(0, engine), choice);
}

}  // namespace

PlanChoices::PlanChoices(std::filesystem::path file) : file_(std::move(file)) {
  read();
}

void PlanChoices::read() {
  std::ifstream in(file_);
  std::string line;
  if (!std::getline(in, line) || line != header) return;
  while (std::getline(in, line)) {
    if (auto choice = parse(line)) choices_.insert(std::move(*choice));
  }
}

std::optional<PlanChoice> PlanChoices::find(const std::string& key) const {
  const auto found = choices_.find(key);
  return found == choices_.end() ? std::nullopt : std::optional(found->second);
}

void PlanChoices::keep(const std::string& key, const PlanChoice& choice) {
  choices_[key] = choice;
  read();  // what others kept meanwhile
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  const std::filesystem::path part = file_.string() + "." + std::to_string(getpid()) + ".part";
  std::ofstream out(part);
  out << header << '\n';
  for (const auto& [kept, chosen] : choices_)
    out << kept << '\t' << chosen.engine << '\t' << chosen.place << '\n';
  out.close();
  if (out) std::filesystem::rename(part, file_, error);
  if (!out || error) std::filesystem::remove(part, error);
}

std::size_t choose_plan(PlanChoices& choices, const std::string& key, std::span<const std::string> engines,
                        const std::function<double(std::size_t place)>& seconds) {
  const std::optional<PlanChoice> kept = choices.find(key);
  if (kept && kept->place < engines.size() && engines[kept->place] == kept->engine) return kept->place;
  std::optional<std::size_t> fastest;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t place = 0; place < engines.size(); ++place) {
    try {
      const double taken = seconds(place);
      if (taken >= least) continue;
      least = taken;
      fastest = place;
    } catch (const Error&) {
    }
  }
  if (!fastest) return 0;
  choices.keep(key, {engines[*fastest], *fastest});
  return *fastest;
}

}  // namespace petal::cuda
