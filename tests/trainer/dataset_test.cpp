#include "trainer/dataset.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

const SplitMethod method = StratifiedSplit{.validation = 0.2, .test = 0.2, .seed = 1};

void check_counts(const Dataset& dataset, std::int64_t train, std::int64_t validation, std::int64_t test) {
  CHECK(dataset.count(Subset::train) == train);
  CHECK(dataset.count(Subset::validation) == validation);
  CHECK(dataset.count(Subset::test) == test);
}

}  // namespace

TEST_CASE("dataset: a folder a class is split by the method") {
  TemporaryFolder folder;
  write_colours(folder.path(), 10);
  const Dataset dataset = load_dataset(folder.path(), method);
  check_counts(dataset, 18, 6, 6);
  CHECK(dataset.evaluated() == Subset::test);
  CHECK(dataset.notes.empty());
}

TEST_CASE("dataset: train and validation folders are the subsets; labels agree by name") {
  TemporaryFolder folder;
  write_colours(folder / "train", 4);
  write_colours(folder / "validation", 2);
  std::filesystem::remove_all(folder / "validation" / "blue");  // blue comes first in train's order
  const Dataset dataset = load_dataset(folder.path(), method);
  check_counts(dataset, 12, 4, 0);
  CHECK(dataset.folder.labels == std::vector<std::string>{"blue", "green", "red"});
  CHECK(dataset.evaluated() == Subset::validation);
  CHECK(dataset.notes.size() == 2);
  for (std::size_t i = 0; i < dataset.folder.photos.size(); ++i) {
    const Photo& photo = dataset.folder.photos[i];
    const std::string label = dataset.folder.labels[static_cast<std::size_t>(photo.label)];
    const std::string subset(to_string(dataset.split[i]));
    CHECK(photo.name.find(subset + "/" + label + "/") == 0);
    CHECK(std::filesystem::exists(folder.path() / photo.name));
  }
}

TEST_CASE("dataset: train and test folders: validation is a part of train") {
  TemporaryFolder folder;
  write_colours(folder / "train", 10);
  write_colours(folder / "test", 3);
  const Dataset dataset = load_dataset(folder.path(), method);
  check_counts(dataset, 24, 6, 9);
  CHECK(dataset.evaluated() == Subset::test);
  for (std::size_t i = 0; i < dataset.folder.photos.size(); ++i) {
    const bool in_test = dataset.folder.photos[i].name.starts_with("test/");
    CHECK((dataset.split[i] == Subset::test) == in_test);
  }
}

TEST_CASE("dataset: classes that happen to be called train and others stay classes") {
  TemporaryFolder folder;
  for (const char* name : {"train", "plane"}) {
    for (int i = 0; i < 4; ++i) write_photo(folder / name / (std::to_string(i) + ".jpg"), {1, 2, 3}, i);
  }
  CHECK(load_dataset(folder.path(), method).folder.labels == std::vector<std::string>{"plane", "train"});
}

TEST_CASE("dataset: a validation class that train lacks, and nothing to evaluate on, are Errors") {
  TemporaryFolder folder;
  write_colours(folder / "train", 2);
  write_colours(folder / "validation", 2);
  write_photo(folder / "validation" / "yellow" / "1.jpg", {200, 200, 0}, 1);
  CHECK(error_of([&] { load_dataset(folder.path(), method); }).find("yellow") != std::string::npos);
  TemporaryFolder plain;
  write_colours(plain.path(), 3);
  CHECK(error_of([&] {
          load_dataset(plain.path(), StratifiedSplit{.validation = 0, .test = 0});
        }).find("nothing is left to evaluate on") != std::string::npos);
}

TEST_CASE("dataset: split methods by name") {
  CHECK(std::get<HashSplit>(split_method("hash", 0.1, 0.2, 1)).test == 0.2);
  CHECK(std::get<StratifiedSplit>(split_method("stratified", 0.1, 0.2, 9)).seed == 9);
  CHECK(std::get<KerasSplit>(split_method("keras", 0.1, 0.2, 9)).validation == 0.1);
  CHECK(error_of([] { split_method("random", 0.1, 0.1, 1); }).find("--split") == 0);
  CHECK(error_of([] { split_method("keras", 0.1, 0.1, 1ULL << 32); }).find("--seed") == 0);
}
