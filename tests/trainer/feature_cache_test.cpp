#include "trainer/feature_cache.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

constexpr std::int64_t width = 5;
const ContentKey features_of_test{1, 2};

ContentKey key(int photo) {
  const auto byte = static_cast<std::byte>(photo);
  return photo_key(features_of_test, std::span(&byte, 1));
}

std::vector<float> numbers(int photo) {
  std::vector<float> row;
  for (int i = 0; i < width; ++i) row.push_back(static_cast<float>(100 * photo + i) + 0.25f);
  return row;
}

void add(FeatureCache& cache, const std::vector<int>& photos) {
  std::vector<ContentKey> keys;
  std::vector<std::vector<float>> rows;
  for (const int photo : photos) {
    keys.push_back(key(photo));
    rows.push_back(numbers(photo));
  }
  cache.add(keys, [&](std::size_t i) { return std::span<const float>(rows[i]); });
}

bool holds(FeatureCache& cache, int photo) {
  std::vector<float> row(width, -1.0f);
  if (!cache.find(key(photo), row.data())) return false;
  CHECK(row == numbers(photo));
  return true;
}

FeatureCache opened(const TemporaryFolder& folder) {
  return {folder.path(), features_of_test, width};
}

// A cache file of photos 0, 1, 2.
std::filesystem::path sound_file(const TemporaryFolder& folder) {
  FeatureCache cache = opened(folder);
  add(cache, {0, 1, 2});
  return cache.file();
}

void flip_bit(const std::filesystem::path& file, std::size_t at) {
  std::string bytes = read_text(file);
  bytes.at(at) = static_cast<char>(bytes[at] ^ 1);
  write_text(file, bytes);
}

}  // namespace

TEST_CASE("feature cache: what is added is found, now and by the next program; nothing else is") {
  TemporaryFolder folder;
  {
    FeatureCache cache = opened(folder);
    CHECK(cache.size() == 0);
    CHECK(cache.complaint().empty());
    CHECK_FALSE(holds(cache, 0));
    add(cache, {0, 1, 0});  // one photo twice
    CHECK(cache.size() == 2);
    CHECK(holds(cache, 0));
    add(cache, {7});
  }
  FeatureCache cache = opened(folder);
  CHECK(cache.size() == 3);
  CHECK(holds(cache, 0));
  CHECK(holds(cache, 1));
  CHECK(holds(cache, 7));
  CHECK_FALSE(holds(cache, 2));
}

TEST_CASE("feature cache: any flipped bit is found, and what it hits is not served") {
  TemporaryFolder folder;
  const std::filesystem::path file = sound_file(folder);
  const std::string sound = read_text(file);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    write_text(file, sound);
    flip_bit(file, at);
    FeatureCache cache = opened(folder);
    int served = 0;
    for (const int photo : {0, 1, 2}) served += holds(cache, photo);  // `holds` checks the numbers
    CAPTURE(at);
    CHECK(served <= 2);
    CHECK_FALSE(cache.complaint().empty());
  }
}

TEST_CASE(
    "feature cache: a file cut anywhere, grown, empty or of another kind is an empty cache with a "
    "complaint") {
  TemporaryFolder folder;
  const std::filesystem::path file = sound_file(folder);
  const std::string sound = read_text(file);
  std::vector<std::string> damaged = {"", "x", sound + "x", std::string(1000, 'q')};
  for (std::size_t size = 1; size < sound.size(); size += 7) damaged.push_back(sound.substr(0, size));
  for (const std::string& bytes : damaged) {
    CAPTURE(bytes.size());
    write_text(file, bytes);
    FeatureCache cache = opened(folder);
    CHECK(cache.size() == 0);
    CHECK_FALSE(cache.complaint().empty());
    CHECK_FALSE(holds(cache, 0));
    add(cache, {0});  // rebuilt
    FeatureCache again = opened(folder);
    CHECK(again.complaint().empty());
    CHECK(holds(again, 0));
  }
}

TEST_CASE("feature cache: one damaged row costs that row alone, and is mended by adding it") {
  TemporaryFolder folder;
  const std::filesystem::path file = sound_file(folder);
  flip_bit(file, read_text(file).size() - 1);
  FeatureCache cache = opened(folder);
  const int served = holds(cache, 0) + holds(cache, 1) + holds(cache, 2);
  CHECK(served == 2);
  CHECK(cache.complaint().find("checksum") != std::string::npos);
  add(cache, {0, 1, 2});
  FeatureCache mended = opened(folder);
  CHECK(mended.size() == 3);
  CHECK(mended.complaint().empty());
  CHECK(holds(mended, 0));
  CHECK(holds(mended, 1));
  CHECK(holds(mended, 2));
}

TEST_CASE("feature cache: a file of other features under this name is not served") {
  TemporaryFolder folder;
  FeatureCache other(folder.path(), ContentKey{3, 4}, width);
  const std::vector<float> row = numbers(0);
  const ContentKey keys[] = {key(0)};
  other.add(keys, [&](std::size_t) { return std::span<const float>(row); });
  std::filesystem::rename(other.file(), opened(folder).file());
  FeatureCache cache = opened(folder);
  CHECK(cache.size() == 0);
  CHECK(cache.complaint().find("other features") != std::string::npos);
}

TEST_CASE("feature cache: the key changes with everything that changes features, and with nothing else") {
  const Network toy = toy_classifier();
  const ContentKey base = feature_key(toy, {}, Precision::f32, "cpu");
  CHECK(feature_key(toy_classifier(), {}, Precision::f32, "cpu") == base);
  CHECK_FALSE(feature_key(toy_classifier(13), {}, Precision::f32, "cpu") == base);
  CHECK_FALSE(feature_key(toy_classifier(12, 3, 2), {}, Precision::f32, "cpu") == base);
  CHECK_FALSE(feature_key(toy, {.apply_exif_orientation = false}, Precision::f32, "cpu") == base);
  CHECK_FALSE(feature_key(toy, {.fast = true}, Precision::f32, "cpu") == base);
  CHECK_FALSE(feature_key(toy, {}, Precision::bf16, "cpu") == base);
  CHECK_FALSE(feature_key(toy, {}, Precision::f32, "cuda") == base);
  Network one_number = toy;
  one_number.weights.edit("conv/kernel").values<float>()[17] += 1e-6f;
  CHECK_FALSE(feature_key(one_number, {}, Precision::f32, "cpu") == base);

  GraphBuilder g("toy");  // the same weights, another preprocessing
  Value x = g.input({12, 12, 3});
  x = g.add("rescaling", Rescaling{.scale = 1.0f / 255.0f}, x);
  for (const Node& node : toy.graph.nodes().subspan(2)) x = g.add(node, {x});
  const Network rescaled{std::move(g).build({x}), toy.weights};
  CHECK_FALSE(feature_key(rescaled, {}, Precision::f32, "cpu") == base);

  const std::vector<std::byte> bytes(100, std::byte{1});
  std::vector<std::byte> others = bytes;
  others[99] = std::byte{2};
  CHECK(photo_key(base, bytes) == photo_key(base, bytes));
  CHECK_FALSE(photo_key(base, bytes) == photo_key(base, others));
  CHECK_FALSE(photo_key(base, bytes) == photo_key(features_of_test, bytes));
}

TEST_CASE("feature cache: 600 rows of 1280 are written and read in milliseconds") {
  TemporaryFolder folder;
  const std::vector<float> row(1280, 0.5f);
  std::vector<ContentKey> keys;
  for (int i = 0; i < 600; ++i) {
    keys.push_back(photo_key(features_of_test, std::as_bytes(std::span(&i, 1))));
  }
  FeatureCache(folder.path(), features_of_test, 1280).add(keys, [&](std::size_t) {
    return std::span<const float>(row);
  });
  std::vector<float> found(1280);
  const auto began = std::chrono::steady_clock::now();
  FeatureCache cache(folder.path(), features_of_test, 1280);
  int served = 0;
  for (const ContentKey& photo : keys) served += cache.find(photo, found.data());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  MESSAGE("600 rows of 1280 read in ", seconds * 1e3, " ms");
  CHECK(served == 600);
  CHECK(seconds < 0.25);  // 3 ms at rest; the room is for busy machines
}

TEST_CASE("feature cache: a folder that cannot be written is an Error that names it") {
  TemporaryFolder folder;
  write_text(folder / "file", "in the way");
  FeatureCache cache(folder / "file" / "cache", features_of_test, width);
  CHECK(error_of([&] { add(cache, {0}); }).find((folder / "file").string()) == 0);
}

TEST_CASE("feature cache: the default place follows XDG_CACHE_HOME, then HOME") {
  const char* cache_home = std::getenv("XDG_CACHE_HOME");
  const std::string kept = cache_home ? cache_home : "";
  ::setenv("XDG_CACHE_HOME", "/a/b", 1);
  CHECK(default_cache_folder() == std::filesystem::path("/a/b/petal"));
  ::unsetenv("XDG_CACHE_HOME");
  if (const char* home = std::getenv("HOME")) {
    CHECK(default_cache_folder() == std::filesystem::path(home) / ".cache" / "petal");
  }
  if (cache_home) ::setenv("XDG_CACHE_HOME", kept.c_str(), 1);
}
