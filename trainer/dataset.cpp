#include "trainer/dataset.h"

#include <algorithm>
#include <system_error>

#include "engine/error.h"

namespace petal {
namespace {

bool is_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// Appends the photos of a subset's folder to the dataset, labels turned into those of train by name.
void append(Dataset& dataset, const std::filesystem::path& root, Subset subset) {
  ImageFolder part = scan_folder(root / to_string(subset), subset == Subset::train ? 2 : 1);
  if (subset == Subset::train) dataset.folder.labels = part.labels;
  const std::vector<std::string>& labels = dataset.folder.labels;
  std::vector<int> own(part.labels.size());
  for (std::size_t i = 0; i < part.labels.size(); ++i) {
    const auto found = std::ranges::find(labels, part.labels[i]);
    if (found == labels.end()) {
      throw Error(
          (root / to_string(subset) / part.labels[i]).string(),
          "there is no class of that name in train; put its photos there too, or take the folder away");
    }
    own[i] = static_cast<int>(found - labels.begin());
  }
  const std::string prefix = std::string(to_string(subset)) + "/";
  for (Photo& photo : part.photos) {
    photo.name = prefix + photo.name;
    photo.label = own[static_cast<std::size_t>(photo.label)];
    dataset.folder.photos.push_back(std::move(photo));
    dataset.split.push_back(subset);
  }
  for (const std::string& name : part.ignored) dataset.folder.ignored.push_back(prefix + name);
}

// The same method without a test share.
SplitMethod without_test(SplitMethod method) {
  std::visit([](auto& options) { options.test = 0.0; }, method);
  return method;
}

double validation_share(const SplitMethod& method) {
  return std::visit([](const auto& options) { return options.validation; }, method);
}

// Gives part of train to validation, as the method would split train alone.
void split_train(Dataset& dataset, const SplitMethod& method) {
  ImageFolder train{
      .root = dataset.folder.root / "train", .labels = dataset.folder.labels, .photos = {}, .ignored = {}};
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < dataset.split.size(); ++i) {
    if (dataset.split[i] != Subset::train) continue;
    Photo photo = dataset.folder.photos[i];
    photo.name.erase(0, std::string_view("train/").size());
    train.photos.push_back(std::move(photo));
    places.push_back(i);
  }
  const SplitAssignment assignment = split(train, without_test(method));
  for (std::size_t i = 0; i < places.size(); ++i) dataset.split[places[i]] = assignment[i];
}

Dataset load_subsets(const std::filesystem::path& data, const SplitMethod& method) {
  Dataset dataset;
  dataset.folder.root = data;
  append(dataset, data, Subset::train);
  const bool validation = is_folder(data / "validation");
  if (validation) append(dataset, data, Subset::validation);
  if (is_folder(data / "test")) append(dataset, data, Subset::test);
  if (validation) {
    dataset.notes.push_back("the subsets are the folders of " + data.string() +
                            "; --split, --validation-split and --test-split are not used");
  } else if (validation_share(method) > 0) {
    split_train(dataset, method);
    dataset.notes.push_back("train and test are the folders of " + data.string() +
                            "; validation is a part of train by --validation-split");
  }
  return dataset;
}

}  // namespace

std::int64_t Dataset::count(Subset subset) const {
  return std::ranges::count(split, subset);
}

SplitMethod split_method(std::string_view name, double validation, double test, std::uint64_t seed) {
  if (name == "hash") return HashSplit{.validation = validation, .test = test};
  if (name == "stratified") return StratifiedSplit{.validation = validation, .test = test, .seed = seed};
  if (name == "keras") {
    if (seed > 0xffffffffU)
      throw Error("--seed", "--split keras takes seeds up to 4294967295, as numpy does");
    return KerasSplit{.validation = validation, .test = test, .seed = static_cast<std::uint32_t>(seed)};
  }
  throw Error("--split", "found '" + std::string(name) + "', expected hash, stratified or keras");
}

Dataset load_dataset(const std::filesystem::path& data, const SplitMethod& method) {
  Dataset dataset;
  if (is_folder(data / "train") && (is_folder(data / "validation") || is_folder(data / "test"))) {
    dataset = load_subsets(data, method);
  } else {
    dataset.folder = scan_folder(data);
    dataset.split = split(dataset.folder, method);
  }
  if (dataset.count(dataset.evaluated()) == 0) {
    throw Error("--validation-split",
                "neither test nor validation gets a photo, so that nothing is left to evaluate on; "
                "raise --test-split or --validation-split");
  }
  if (dataset.count(Subset::test) == 0) {
    dataset.notes.push_back(
        "there is no test subset: the model is evaluated on validation, which training has "
        "looked at where it stops early");
  }
  return dataset;
}

}  // namespace petal
