#include "kernels/cuda/plan_choices.h"

#include <doctest/doctest.h>

#include <fstream>

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

}  // namespace petal::cuda
