#include "io/dataset/image_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/error.h"

using namespace petal;
namespace fs = std::filesystem;

namespace {

// A folder of empty files, gone at the end of the test.
class TemporaryTree {
 public:
  explicit TemporaryTree(const std::vector<std::string>& files = {}) {
    std::string pattern = (fs::temp_directory_path() / "petal_folder_XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    root = pattern;
    for (const std::string& file : files) add(file);
  }
  ~TemporaryTree() { fs::remove_all(root); }
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;

  void add(const std::string& file) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream stream(root / file);
  }

  fs::path root;
};

std::vector<std::string> names(const std::vector<Photo>& photos) {
  std::vector<std::string> result;
  for (const Photo& photo : photos) result.push_back(photo.name);
  return result;
}

std::string message(const fs::path& root, int minimum_classes = 2) {
  try {
    scan_folder(root, minimum_classes);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_input);
    return error.what();
  }
  return "no error";
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("scan_folder orders classes and photos as Keras does") {
  std::ifstream stream(PETAL_SOURCE "/tests/golden/splits/keras_split.json");
  const auto golden = nlohmann::json::parse(stream);
  const TemporaryTree tree(golden.at("files").get<Names>());
  const ImageFolder folder = scan_folder(tree.root);
  CHECK(folder.labels == golden.at("class_names").get<Names>());
  CHECK(names(folder.photos) == golden.at("order").get<Names>());
  CHECK(folder.ignored == Names{"daisy/notes.txt", "tulip/readme"});
  for (const Photo& photo : folder.photos) {
    CHECK(photo.path == tree.root / photo.name);
    CHECK(photo.name.starts_with(folder.labels[static_cast<std::size_t>(photo.label)] + "/"));
  }
}

TEST_CASE("hidden entries are passed over, files beside the classes are ignored by name") {
  const TemporaryTree tree(
      {"a/1.jpg", "a/.2.jpg", "a/.thumbnails/3.jpg", "b/1.jpg", ".git/x.jpg", "LICENSE.txt", "loose.jpg"});
  const ImageFolder folder = scan_folder(tree.root);
  CHECK(folder.labels == Names{"a", "b"});
  CHECK(names(folder.photos) == Names{"a/1.jpg", "b/1.jpg"});
  CHECK(folder.ignored == Names{"LICENSE.txt", "loose.jpg"});
}

TEST_CASE("links to folders are followed once, and loops end") {
  const TemporaryTree elsewhere({"deep/9.jpg"});
  const TemporaryTree tree({"a/1.jpg", "a/inside/2.jpg", "b/1.jpg", "b/deep/2.jpg"});
  fs::create_directory_symlink(elsewhere.root, tree.root / "a/link");
  fs::create_directory_symlink(elsewhere.root, tree.root / "a/link_again");
  fs::create_directory_symlink("..", tree.root / "a/to_root");
  fs::create_directory_symlink("../..", tree.root / "a/inside/around");
  fs::create_directory_symlink("/", tree.root / "a/everything");
  fs::create_directory_symlink("../b/deep", tree.root / "a/into_b");
  fs::create_directory_symlink("itself", tree.root / "a/itself");
  fs::create_directory_symlink(tree.root / "a", elsewhere.root / "back");
  const ImageFolder folder = scan_folder(tree.root);
  CHECK(names(folder.photos) ==
        Names{"a/1.jpg", "a/inside/2.jpg", "a/link/deep/9.jpg", "b/1.jpg", "b/deep/2.jpg"});
}

TEST_CASE("a class folder may be a link, but not to another class") {
  const TemporaryTree elsewhere({"1.jpg"});
  const TemporaryTree tree({"a/1.jpg"});
  fs::create_directory_symlink(elsewhere.root, tree.root / "b");
  CHECK(names(scan_folder(tree.root).photos) == Names{"a/1.jpg", "b/1.jpg"});
  fs::create_directory_symlink("a", tree.root / "c");
  CHECK(message(tree.root).find("class folder 'c' is a link to another class") != std::string::npos);
}

TEST_CASE("pipes are no photos, links that lead nowhere are left to the decoder") {
  const TemporaryTree tree({"a/1.jpg", "b/1.jpg"});
  REQUIRE(mkfifo((tree.root / "a/pipe.jpg").c_str(), 0600) == 0);
  fs::create_symlink("nowhere.jpg", tree.root / "b/2.jpg");
  const ImageFolder folder = scan_folder(tree.root);
  CHECK(names(folder.photos) == Names{"a/1.jpg", "b/1.jpg", "b/2.jpg"});
  CHECK(folder.ignored == Names{"a/pipe.jpg"});
}

TEST_CASE("scan_folder says what is wrong with a folder") {
  const TemporaryTree tree({"a/1.jpg"});
  const std::string root = tree.root.string();
  CHECK(message(tree.root / "none") == root + "/none: no such file or folder");
  CHECK(message(tree.root / "a/1.jpg").starts_with(root + "/a/1.jpg: is a file, expected a folder"));
  CHECK(
      message(tree.root / "a").starts_with(root + "/a: holds no class folder but 1 photos; put the photos"));
  CHECK(message(tree.root).starts_with(root + ": holds 1 class ('a'), expected at least 2; "));
  CHECK(message(tree.root, 1) == "no error");
  tree.add("b/notes.txt");
  tree.add("b/.hidden.jpg");
  CHECK(message(tree.root).starts_with(root + ": class 'b' holds no photo"));
  fs::remove(tree.root / "a/1.jpg");
  CHECK(message(tree.root).starts_with(root + ": holds no photo"));
  tree.add("b/\xff.jpg");
  CHECK(message(tree.root).ends_with("its name is not UTF-8; rename it"));
}

TEST_CASE("a folder that may not be listed is an error, never a smaller data set") {
  if (geteuid() == 0) {
    MESSAGE("skipped: root may list every folder");
    return;
  }
  const TemporaryTree tree({"a/1.jpg", "a/locked/2.jpg", "b/1.jpg"});
  fs::permissions(tree.root / "a/locked", fs::perms::none);
  CHECK(message(tree.root).find("a/locked: cannot list the folder") != std::string::npos);
  fs::permissions(tree.root / "a/locked", fs::perms::owner_all);
}

TEST_CASE("list_photos takes a file as it is and a folder with all below it") {
  const TemporaryTree tree({"b.jpg", "a.PNG", "notes.txt", ".c.jpg", "sub/1.webp", "sub-2/1.jpg"});
  const auto photos = list_photos(tree.root);
  CHECK(names(photos) == Names{"a.PNG", "b.jpg", "sub/1.webp", "sub-2/1.jpg"});
  CHECK(std::all_of(photos.begin(), photos.end(), [](const Photo& photo) { return photo.label == -1; }));
  const auto one = list_photos(tree.root / "notes.txt");
  REQUIRE(one.size() == 1);
  CHECK(one[0].name == "notes.txt");
  CHECK(one[0].path == tree.root / "notes.txt");
  CHECK_THROWS_AS(list_photos(tree.root / "none"), Error);
  fs::create_directory(tree.root / "empty");
  CHECK_THROWS_AS(list_photos(tree.root / "empty"), Error);
}
