#include "kernels/cuda/plan_choices.h"

#include <doctest/doctest.h>

#include <fstream>
#include <vector>

#include "engine/error.h"
#include "tests/temporary_folder.h"

namespace petal::cuda {

TEST_CASE("a choice of a plan is found again, in this run and the next") {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder / "cache/gpu_plans.txt";
  PlanChoices first(file), second(file);
  CHECK(!first.find("a gpu, forward 1 2"));
  first.keep("a gpu, forward 1 2", {"cudnn engine 38", 3});
  CHECK(first.find("a gpu, forward 1 2") == PlanChoice{"cudnn engine 38", 3});
  // Another program that had read the file before: neither loses what the other kept.
  second.keep("a gpu, forward 1 3", {"cudnn engine 1", 0});
  first.keep("a gpu, forward 1 2", {"cudnn engine 40", 7});
  const PlanChoices third(file);
  CHECK(third.find("a gpu, forward 1 2") == PlanChoice{"cudnn engine 40", 7});
  CHECK(third.find("a gpu, forward 1 3") == PlanChoice{"cudnn engine 1", 0});
  CHECK(!third.find("a gpu, forward 1"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "cache"), {}) == 1);
}

TEST_CASE("a damaged file of choices gives those that are whole; one that cannot be written is no error") {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder / "gpu_plans.txt";
  std::ofstream(file)
      << "petal gpu plans, version 1\nkey\tengine\t2\nother\tengine\t2x\nanother\tengine\t\n"
         "short\tengine\nnothing\n\nnegative\tengine\t-1\nlast\tengine\t18446744073709551616\n";
  const PlanChoices choices(file);
  CHECK(choices.find("key") == PlanChoice{"engine", 2});
  for (const char* key : {"other", "another", "short", "nothing", "", "negative", "last"})
    CHECK(!choices.find(key));
  std::ofstream(file) << "something else\nkey\tengine\t2\n";
  CHECK(!PlanChoices(file).find("key"));
  PlanChoices nowhere("/proc/none/gpu_plans.txt");
  nowhere.keep("key", {"engine", 1});
  CHECK(nowhere.find("key") == PlanChoice{"engine", 1});
}

TEST_CASE("the fastest plan is chosen once, and again only where another stands in its place") {
  const test::TemporaryFolder folder;
  PlanChoices choices(folder / "gpu_plans.txt");
  std::vector<std::size_t> timed;
  std::vector<double> seconds = {3, 1, 2};
  const auto choose = [&](const std::string& key, const std::vector<std::string>& engines) {
    timed.clear();
    return choose_plan(choices, key, engines, [&](std::size_t place) {
      timed.push_back(place);
      if (seconds[place] < 0) throw Error("engine", "does not run");
      return seconds[place];
    });
  };
  const std::vector<std::string> engines = {"a", "b", "c"};
  CHECK(choose("key", engines) == 1);
  CHECK(timed == std::vector<std::size_t>{0, 1, 2});
  CHECK(choices.find("key") == PlanChoice{"b", 1});
  // What was kept is not timed again, faster or not.
  seconds = {1, 3, 2};
  CHECK(choose("key", engines) == 1);
  CHECK(timed.empty());
  // Of another key it tells nothing.
  CHECK(choose("another key", engines) == 0);
  CHECK(timed.size() == 3);
  // Another engine stands there, or none: it is timed anew, and that is kept.
  CHECK(choose("key", {"a", "c", "b"}) == 0);
  CHECK(choices.find("key") == PlanChoice{"a", 0});
  choices.keep("key", {"d", 3});
  CHECK(choose("key", engines) == 0);
  CHECK(choices.find("key") == PlanChoice{"a", 0});
  // The first of equals; what does not run is not chosen.
  seconds = {-1, 2, 2};
  CHECK(choose("third key", engines) == 1);
  // Where nothing runs, there is nothing to keep.
  seconds = {-1, -1, -1};
  CHECK(choose("fourth key", engines) == 0);
  CHECK(!choices.find("fourth key"));
}

}  // namespace petal::cuda
