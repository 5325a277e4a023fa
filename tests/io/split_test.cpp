#include "io/dataset/split.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "engine/error.h"

using namespace petal;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

nlohmann::json golden(const std::string& name) {
  std::ifstream stream(PETAL_SOURCE "/tests/golden/splits/" + name);
  return nlohmann::json::parse(stream);
}

// A folder as scanned, without the files: what the splits look at.
ImageFolder folder_of(const Names& names) {
  ImageFolder folder{.root = "photos", .labels = {}, .photos = {}, .ignored = {}};
  for (const std::string& name : names) {
    const std::string label = name.substr(0, name.find('/'));
    if (std::find(folder.labels.begin(), folder.labels.end(), label) == folder.labels.end())
      folder.labels.push_back(label);
    const auto position =
        std::find(folder.labels.begin(), folder.labels.end(), label) - folder.labels.begin();
    folder.photos.push_back({folder.root / name, name, static_cast<int>(position)});
  }
  return folder;
}

ImageFolder folder_of_sizes(const std::vector<int>& sizes) {
  Names names;
  for (std::size_t label = 0; label < sizes.size(); ++label)
    for (int i = 0; i < sizes[label]; ++i)
      names.push_back("class" + std::to_string(label) + "/" + std::to_string(i) + ".jpg");
  return folder_of(names);
}

std::map<Subset, int> counts(const ImageFolder& folder, const SplitAssignment& assignment, int label) {
  std::map<Subset, int> result{{Subset::train, 0}, {Subset::validation, 0}, {Subset::test, 0}};
  for (std::size_t i = 0; i < assignment.size(); ++i)
    if (folder.photos[i].label == label) ++result[assignment[i]];
  return result;
}

std::map<std::string, Subset> by_name(const ImageFolder& folder, const SplitAssignment& assignment) {
  std::map<std::string, Subset> result;
  for (std::size_t i = 0; i < assignment.size(); ++i) result[folder.photos[i].name] = assignment[i];
  return result;
}

template <typename Call>
std::string message(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content = "") {
    std::string pattern = (fs::temp_directory_path() / "petal_split_XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    path = folder_ / "split.csv";
    std::ofstream(path, std::ios::binary) << content;
  }
  ~TemporaryFile() { fs::remove_all(folder_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

  fs::path path;

 private:
  fs::path folder_;
};

}  // namespace

TEST_CASE("numpy_shuffle is numpy's") {
  const auto shuffles = golden("numpy_shuffle.json");
  for (const auto& shuffle : shuffles.at("whole")) {
    CAPTURE(shuffle.dump());
    CHECK(numpy_shuffle(shuffle.at("seed"), shuffle.at("count")) ==
          shuffle.at("order").get<std::vector<std::uint32_t>>());
  }
  for (const auto& shuffle : shuffles.at("fnv1a")) {
    CAPTURE(shuffle.dump());
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const std::uint32_t value : numpy_shuffle(shuffle.at("seed"), shuffle.at("count")))
      for (int byte = 0; byte < 4; ++byte) hash = (hash ^ ((value >> (8 * byte)) & 0xFFu)) * 0x100000001B3u;
    CHECK(std::to_string(hash) == shuffle.at("hash").get<std::string>());
  }
}

TEST_CASE("KerasSplit is image_dataset_from_directory's") {
  const auto keras = golden("keras_split.json");
  const ImageFolder folder = folder_of(keras.at("order").get<Names>());
  for (const auto& expected : keras.at("splits")) {
    CAPTURE(expected.at("seed").dump());
    const double validation = expected.at("validation_split");
    const auto assignment = split(folder, KerasSplit{.validation = validation, .seed = expected.at("seed")});
    std::map<std::string, Subset> golden_subsets;
    for (const auto& name : expected.at("train")) golden_subsets[name] = Subset::train;
    for (const auto& name : expected.at("validation")) golden_subsets[name] = Subset::validation;
    CHECK(by_name(folder, assignment) == golden_subsets);
  }
}

TEST_CASE("KerasSplit takes the test set from the end of what is left to train on") {
  const ImageFolder folder = folder_of_sizes({30, 30});
  const auto without = split(folder, KerasSplit{.validation = 0.25, .seed = 3});
  const auto with = split(folder, KerasSplit{.validation = 0.25, .test = 0.21, .seed = 3});
  const auto order = numpy_shuffle(3, 60);
  for (std::size_t i = 0; i < 60; ++i) {
    const std::size_t photo = order[i];
    CHECK((without[photo] == Subset::validation) == (i >= 45));
    CHECK(with[photo] == (i >= 45   ? Subset::validation
                          : i >= 36 ? Subset::test
                                    : Subset::train));  // int(0.21 * 45) = 9
  }
}

TEST_CASE("KerasSplit refuses what would train or validate on nothing") {
  CHECK(message([] {
          split(folder_of_sizes({2, 2}), KerasSplit{.validation = 0.2});
        }).starts_with("--validation-split: 0.2 of 4"));
  const auto lost = message([] {
    split(folder_of_sizes({50, 1}), KerasSplit{.validation = 0.9, .seed = 1});
  });
  CHECK(lost.starts_with("class 'class1': has no photo left to train on"));
}

TEST_CASE("HashSplit is stable when photos come, go and the root moves") {
  ImageFolder small = folder_of_sizes({200, 200});
  ImageFolder large = folder_of_sizes({260, 260, 50});
  small.root = "elsewhere";
  const auto before = by_name(small, split(small, HashSplit{}));
  const auto after = by_name(large, split(large, HashSplit{}));
  for (const auto& [name, subset] : before) CHECK(after.at(name) == subset);
}

TEST_CASE("HashSplit's rule is fixed for ever: these photos keep their subsets") {
  const ImageFolder folder = folder_of_sizes({12, 12});
  std::string subsets;
  for (const Subset subset : split(folder, HashSplit{.validation = 0.25, .test = 0.25}))
    subsets += to_string(subset)[1];
  CHECK(subsets == "rreaaraeerrraaaaaerrerrr");  // r: train, a: validation, e: test
}

TEST_CASE("HashSplit meets its fractions on average") {
  const ImageFolder folder = folder_of_sizes({4000, 4000});
  const auto assignment = split(folder, HashSplit{.validation = 0.1, .test = 0.2});
  const auto validation = std::count(assignment.begin(), assignment.end(), Subset::validation);
  const auto test = std::count(assignment.begin(), assignment.end(), Subset::test);
  CHECK(std::abs(validation - 800) < 4 * 27);  // four standard deviations of a binomial
  CHECK(std::abs(test - 1600) < 4 * 36);
}

TEST_CASE("HashSplit keeps near-duplicates together") {
  Names names;
  for (int i = 0; i < 300; ++i) {
    const std::string photo = "class" + std::to_string(i % 2) + "/" + std::to_string(i);
    for (const char* tail : {".jpg", "_nohash_1.jpg", "_nohash_2.png", ".jpeg"})
      names.push_back(photo + tail);
  }
  std::sort(names.begin(), names.end());
  const ImageFolder folder = folder_of(names);
  const auto subsets = by_name(folder, split(folder, HashSplit{.validation = 0.3, .test = 0.3}));
  for (int i = 0; i < 300; ++i) {
    const std::string photo = "class" + std::to_string(i % 2) + "/" + std::to_string(i);
    for (const char* tail : {"_nohash_1.jpg", "_nohash_2.png", ".jpeg"})
      CHECK(subsets.at(photo + tail) == subsets.at(photo + ".jpg"));
  }
}

TEST_CASE("HashSplit and StratifiedSplit leave no subset of a class empty where it has enough images") {
  for (int size = 2; size < 12; ++size) {
    const ImageFolder folder = folder_of_sizes({size, size, size, size, size});
    const SplitMethod methods[] = {
        HashSplit{.validation = 0.05, .test = 0.05}, HashSplit{.validation = 0.49, .test = 0.5},
        StratifiedSplit{.validation = 0.05, .test = 0.05}, StratifiedSplit{.validation = 0.49, .test = 0.5}};
    for (const SplitMethod& method : methods) {
      const auto assignment = split(folder, method);
      for (int label = 0; label < 5; ++label) {
        CAPTURE(size);
        auto count = counts(folder, assignment, label);
        CHECK(count[Subset::train] > 0);
        CHECK(count[Subset::test] > 0);
        CHECK((count[Subset::validation] > 0) == (size > 2));
      }
    }
  }
}

TEST_CASE("StratifiedSplit gives every class its share to within one image") {
  const ImageFolder folder = folder_of_sizes({10, 37, 100, 641});
  const auto assignment = split(folder, StratifiedSplit{.validation = 0.1, .test = 0.29, .seed = 5});
  const int sizes[] = {10, 37, 100, 641};
  for (int label = 0; label < 4; ++label) {
    auto count = counts(folder, assignment, label);
    CHECK(std::abs(count[Subset::validation] - 0.1 * sizes[label]) < 1);
    CHECK(std::abs(count[Subset::test] - 0.29 * sizes[label]) < 1);
  }
  CHECK(counts(folder, assignment, 2)[Subset::test] == 29);
  CHECK(assignment == split(folder, StratifiedSplit{.validation = 0.1, .test = 0.29, .seed = 5}));
  CHECK(assignment != split(folder, StratifiedSplit{.validation = 0.1, .test = 0.29, .seed = 6}));
}

TEST_CASE("no split leaves everything to training, even a class of one photo") {
  const ImageFolder folder = folder_of_sizes({1, 3});
  const SplitAssignment all(4, Subset::train);
  CHECK(split(folder, HashSplit{.validation = 0, .test = 0}) == all);
  CHECK(split(folder, StratifiedSplit{.validation = 0, .test = 0}) == all);
  CHECK(split(folder, KerasSplit{.validation = 0}) == all);
}

TEST_CASE("splits refuse fractions out of range and classes too small") {
  const ImageFolder folder = folder_of_sizes({5, 5});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(message([&] {
          split(folder, HashSplit{.validation = 1.0});
        }).starts_with("--validation-split: is 1.0, expected"));
  CHECK(message([&] { split(folder, StratifiedSplit{.test = -0.1}); }).starts_with("--test-split: is -0.1"));
  CHECK(message([&] {
          split(folder, KerasSplit{.validation = nan});
        }).starts_with("--validation-split: is nan"));
  CHECK(message([&] {
          split(folder, StratifiedSplit{.validation = 0.5, .test = 0.5});
        }).starts_with("--test-split: 0.5 with --validation-split 0.5 leaves nothing to train on"));
  const ImageFolder small = folder_of_sizes({5, 1});
  for (const SplitMethod method :
       {SplitMethod(HashSplit{}), SplitMethod(StratifiedSplit{.validation = 0.1, .test = 0})})
    CHECK(message([&] { split(small, method); }).starts_with("class 'class1': has 1 "));
}

TEST_CASE("a split is written as RFC 4180 and read back, whatever the names") {
  const ImageFolder folder =
      folder_of({"a,b/comma, \"quote\".jpg", "a,b/new\nline.jpg", "a,b/carriage\rreturn.jpg", "日本/花.jpg",
                 "日本/ spaced .jpg", "日本/\"\".jpg"});
  const SplitAssignment assignment{Subset::train, Subset::test, Subset::validation,
                                   Subset::train, Subset::test, Subset::train};
  const TemporaryFile file;
  write_split(file.path, folder, assignment);
  CHECK(
      file.content().starts_with("path,label,subset\n\"a,b/comma, \"\"quote\"\".jpg\",\"a,b\",train\n"
                                 "\"a,b/new\nline.jpg\",\"a,b\",test\n"));
  CHECK(file.content().find("\n日本/ spaced .jpg,日本,test\n") != std::string::npos);
  CHECK(read_split(file.path, folder) == assignment);
}

TEST_CASE("read_split takes other orders, line ends and a byte order mark") {
  const ImageFolder folder = folder_of({"a/1.jpg", "b/1.jpg"});
  const TemporaryFile file("\xEF\xBB\xBFpath,label,subset\r\nb/1.jpg,b,test\r\n\"a/1.jpg\",a,train");
  CHECK(read_split(file.path, folder) == SplitAssignment{Subset::train, Subset::test});
}

TEST_CASE("read_split says which line is wrong and why") {
  const ImageFolder folder = folder_of({"a/1.jpg", "b/1.jpg"});
  const auto error = [&](const std::string& lines) {
    const TemporaryFile file("path,label,subset\n" + lines);
    const std::string text = message([&] { read_split(file.path, folder); });
    return text.starts_with(file.path.string() + ": ") ? text.substr(file.path.string().size() + 2) : text;
  };
  CHECK(error("a/1.jpg,a\n") == "line 2: has 2 fields, expected path,label,subset");
  CHECK(error("a/1.jpg,a,train\n\n") == "line 3: has 1 fields, expected path,label,subset");
  CHECK(error("a/1.jpg,a,dev\n") == "line 2: has the subset 'dev', expected train, validation or test");
  CHECK(error("a/1.jpg,b,train\n").starts_with("line 2: says 'a/1.jpg' is 'b', but here it is 'a'"));
  CHECK(error("a/2.jpg,a,train\n").starts_with("line 2: lists 'a/2.jpg', which is not in photos"));
  CHECK(error("a/1.jpg,a,train\na/1.jpg,a,test\n") == "line 3: lists 'a/1.jpg' a second time");
  CHECK(error("a/1.jpg,a,train\n").starts_with("does not list 'b/1.jpg', which is in photos"));
  CHECK(error("\"a/1.jpg,a,train\n") == "line 2: a quote is never closed");
  CHECK(error("a/1\".jpg,a,train\n") == "line 2: a quote in a field that does not begin with one");
  CHECK(error("\"a/1.jpg\"x,a,train\n") == "line 2: expected a comma or the end of the line after a field");
  const TemporaryFile other("1,2,3\n");
  CHECK(message([&] { read_split(other.path, folder); }).find("line 1: expected the columns") !=
        std::string::npos);
  CHECK(message([&] { read_split("none.csv", folder); }).starts_with("none.csv: cannot be read"));
}

TEST_CASE("write_split refuses a split of other photos and leaves the file alone") {
  const ImageFolder folder = folder_of({"a/1.jpg", "b/1.jpg"});
  const TemporaryFile file("before");
  CHECK_THROWS_AS(write_split(file.path, folder, {Subset::train}), Error);
  CHECK(file.content() == "before");
}
