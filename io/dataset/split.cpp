#include "io/dataset/split.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>

#include "engine/error.h"
#include "engine/random.h"

namespace petal {
namespace {

constexpr std::size_t subsets = 3;
std::size_t index(Subset subset) {
  return static_cast<std::size_t>(subset);
}

std::string text(double number) {
  std::string digits = std::to_string(number);
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits.ends_with('.') ? digits + "0" : digits;
}

void check_fractions(double validation, double test) {
  const auto check = [](const char* option, double fraction) {
    if (!(fraction >= 0.0 && fraction < 1.0))  // so written, NaN fails it
      throw Error(option, "is " + text(fraction) + ", expected a fraction of at least 0 and below 1");
  };
  check("--validation-split", validation);
  check("--test-split", test);
  if (validation + test >= 1.0)
    throw Error("--test-split", text(test) + " with --validation-split " + text(validation) +
                                    " leaves nothing to train on; their sum must be below 1");
}

// Positions of each class's photos, in the folder's order.
std::vector<std::vector<std::size_t>> photos_by_class(const ImageFolder& folder) {
  std::vector<std::vector<std::size_t>> classes(folder.labels.size());
  for (std::size_t i = 0; i < folder.photos.size(); ++i) {
    const int label = folder.photos[i].label;
    if (label < 0 || static_cast<std::size_t>(label) >= classes.size())
      throw Error(folder.photos[i].name, "has no class, expected a photo of a class folder");
    classes[static_cast<std::size_t>(label)].push_back(i);
  }
  return classes;
}

// The subsets of which a class of `count` images (or groups) must have one: training, test, validation, as
// far as it reaches.
std::vector<Subset> required_subsets(double validation, double test, std::size_t count,
                                     const std::string& label, const char* unit) {
  std::vector<Subset> required{Subset::train};
  if (test > 0) required.push_back(Subset::test);
  if (validation > 0) required.push_back(Subset::validation);
  if (count < std::min<std::size_t>(required.size(), 2))
    throw Error("class '" + label + "'",
                "has " + std::to_string(count) + " " + unit +
                    ", too few to train on and to hold out; add photos to it, remove it, or set "
                    "--validation-split 0 and --test-split 0");
  required.resize(std::min(required.size(), count));
  return required;
}

// --- by hash

// Photos that must stay together, and where their hash puts them.
struct Group {
  double number;  // in [0, 1)
  std::vector<std::size_t> photos;
  Subset subset;
};

std::string group_name(const std::string& name) {
  const std::size_t file = name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1;
  const std::size_t tail = name.find("_nohash_", file);
  if (tail != std::string::npos) return name.substr(0, tail);
  return name.substr(0, std::max(file, name.rfind('.')));  // npos keeps it all
}

double hashed(const std::string& name) {
  return static_cast<double>(XXH3_64bits(name.data(), name.size()) >> 11) * 0x1p-53;
}

// Where the numbers of a subset lie: [from, to).
struct Interval {
  double from;
  double to;
  double distance(double number) const { return std::max({from - number, number - to, 0.0}); }
};

std::array<Interval, subsets> intervals(const HashSplit& method) {
  std::array<Interval, subsets> all{};
  const double held_out = method.validation + method.test;
  all[index(Subset::validation)] = {0.0, method.validation};
  all[index(Subset::test)] = {method.validation, held_out};
  all[index(Subset::train)] = {held_out, 1.0};
  return all;
}

std::vector<Group> groups_of(const ImageFolder& folder, const std::vector<std::size_t>& photos,
                             const HashSplit& method) {
  std::map<std::string, std::vector<std::size_t>> by_name;
  for (const std::size_t photo : photos) by_name[group_name(folder.photos[photo].name)].push_back(photo);
  std::vector<Group> groups;
  for (auto& [name, members] : by_name) {
    const double number = hashed(name);
    const Subset subset = number < method.validation                 ? Subset::validation
                          : number < method.validation + method.test ? Subset::test
                                                                     : Subset::train;
    groups.push_back({number, std::move(members), subset});
  }
  return groups;
}

// Moves the nearest group that its own subset can spare. There is one: fewer subsets are filled than there
// are groups, or one of them has two.
void fill_subset(std::vector<Group>& groups, Subset empty, const Interval& interval,
                 const std::vector<Subset>& required) {
  const auto can_spare = [&](const Group& group) {
    const bool needed = std::find(required.begin(), required.end(), group.subset) != required.end();
    const auto same = [&](const Group& other) { return other.subset == group.subset; };
    return !needed || std::count_if(groups.begin(), groups.end(), same) > 1;
  };
  Group* nearest = nullptr;
  for (Group& group : groups)
    if (can_spare(group) &&
        (!nearest || interval.distance(group.number) < interval.distance(nearest->number)))
      nearest = &group;
  nearest->subset = empty;
}

SplitAssignment assign(const ImageFolder& folder, const HashSplit& method) {
  check_fractions(method.validation, method.test);
  SplitAssignment assignment(folder.photos.size(), Subset::train);
  const auto classes = photos_by_class(folder);
  for (std::size_t label = 0; label < classes.size(); ++label) {
    std::vector<Group> groups = groups_of(folder, classes[label], method);
    const auto required = required_subsets(method.validation, method.test, groups.size(),
                                           folder.labels[label], "group(s) of photos");
    for (const Subset subset : required) {
      const auto in_subset = [&](const Group& group) { return group.subset == subset; };
      if (std::none_of(groups.begin(), groups.end(), in_subset))
        fill_subset(groups, subset, intervals(method)[index(subset)], required);
    }
    for (const Group& group : groups)
      for (const std::size_t photo : group.photos) assignment[photo] = group.subset;
  }
  return assignment;
}

// --- stratified

// Shares of `count` by largest remainder, which keeps each within one of its exact share; then one for each
// required subset.
std::array<std::size_t, subsets> shares(std::size_t count, const StratifiedSplit& method,
                                        const std::vector<Subset>& required) {
  std::array<double, subsets> rest{};
  rest[index(Subset::validation)] = method.validation * static_cast<double>(count);
  rest[index(Subset::test)] = method.test * static_cast<double>(count);
  rest[index(Subset::train)] = (1.0 - method.validation - method.test) * static_cast<double>(count);
  std::array<std::size_t, subsets> share{};
  std::size_t given = 0;
  for (std::size_t s = 0; s < subsets; ++s) {
    share[s] = static_cast<std::size_t>(rest[s] + 1e-9);  // 0.29 * 100 is a hair below 29
    rest[s] -= static_cast<double>(share[s]);
    given += share[s];
  }
  for (; given < count; ++given) {
    const std::size_t largest =
        static_cast<std::size_t>(std::max_element(rest.begin(), rest.end()) - rest.begin());
    ++share[largest];
    rest[largest] -= 1.0;
  }
  for (const Subset subset : required) {
    if (share[index(subset)] > 0) continue;
    --*std::max_element(share.begin(), share.end());
    share[index(subset)] = 1;
  }
  return share;
}

SplitAssignment assign(const ImageFolder& folder, const StratifiedSplit& method) {
  check_fractions(method.validation, method.test);
  SplitAssignment assignment(folder.photos.size(), Subset::train);
  auto classes = photos_by_class(folder);
  for (std::size_t label = 0; label < classes.size(); ++label) {
    std::vector<std::size_t>& photos = classes[label];
    const auto required =
        required_subsets(method.validation, method.test, photos.size(), folder.labels[label], "photo(s)");
    const auto share = shares(photos.size(), method, required);
    const RandomStream random(method.seed, RandomPurpose::split, 0, 0, static_cast<std::uint32_t>(label));
    for (std::uint32_t i = static_cast<std::uint32_t>(photos.size()); i > 1; --i)
      std::swap(photos[i - 1], photos[random.below(i, i)]);
    const std::size_t validation = share[index(Subset::validation)];
    const std::size_t held_out = validation + share[index(Subset::test)];
    for (std::size_t i = 0; i < held_out; ++i)
      assignment[photos[i]] = i < validation ? Subset::validation : Subset::test;
  }
  return assignment;
}

// --- as Keras

std::size_t counted(const char* option, double fraction, std::size_t count) {
  const auto result =
      static_cast<std::size_t>(fraction * static_cast<double>(count));  // int() of the product, as Keras
  if (fraction > 0 && result == 0)
    throw Error(option,
                text(fraction) + " of " + std::to_string(count) + " photos is none; raise it or add photos");
  return result;
}

void check_every_class_trains(const ImageFolder& folder, const SplitAssignment& assignment) {
  const auto classes = photos_by_class(folder);
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const auto& photos = classes[label];
    if (std::none_of(photos.begin(), photos.end(), [&](auto i) { return assignment[i] == Subset::train; }))
      throw Error(
          "class '" + folder.labels[label] + "'",
          "has no photo left to train on after Keras's shuffle; add photos to it, or use --split stratified "
          "or another --seed");
  }
}

SplitAssignment assign(const ImageFolder& folder, const KerasSplit& method) {
  check_fractions(method.validation, method.test);
  const std::size_t count = folder.photos.size();
  SplitAssignment assignment(count, Subset::train);
  const std::size_t validation = counted("--validation-split", method.validation, count);
  const std::size_t test = counted("--test-split", method.test, count - validation);
  const auto order = numpy_shuffle(method.seed, static_cast<std::uint32_t>(count));
  for (std::size_t i = count - validation - test; i < count; ++i)
    assignment[order[i]] = i < count - validation ? Subset::test : Subset::validation;
  check_every_class_trains(folder, assignment);
  return assignment;
}

}  // namespace

std::string_view to_string(Subset subset) {
  switch (subset) {
    case Subset::train:
      return "train";
    case Subset::validation:
      return "validation";
    case Subset::test:
      return "test";
  }
  throw Error("subset", "has no name for " + std::to_string(static_cast<int>(subset)), ErrorKind::failure);
}

SplitAssignment split(const ImageFolder& folder, const SplitMethod& method) {
  return std::visit([&](const auto& chosen) { return assign(folder, chosen); }, method);
}

// numpy's legacy seeding by an integer is Matsumoto and Nishimura's init_genrand, as is std::mt19937's, whose
// numbers the C++ standard fixes; its random_interval masks and rejects.
std::vector<std::uint32_t> numpy_shuffle(std::uint32_t seed, std::uint32_t n) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937 generator(seed);
  for (std::uint32_t i = n; i-- > 1;) {
    std::uint32_t mask = i;
    for (int shift = 1; shift <= 16; shift *= 2) mask |= mask >> shift;
    std::uint32_t drawn;
    do drawn = static_cast<std::uint32_t>(generator()) & mask;
    while (drawn > i);
    std::swap(order[i], order[drawn]);
  }
  return order;
}

}  // namespace petal
