#include "trainer/features.h"

#include <doctest/doctest.h>

#include <fstream>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

struct Setup {
  Setup() {
    write_colours(photos_folder.path(), 5);
    photos = scan_folder(photos_folder.path()).photos;
    const Network network = toy_classifier();
    frozen = {split_frozen(network.graph).frozen, network.weights};
  }
  Features extract(bool cached = true) const {
    FeatureOptions options{.stream = {.threads = 2}};
    if (cached) options.cache = cache.path();
    return extract_features(frozen, photos, reference_backends(), options);
  }
  TemporaryFolder photos_folder, cache;
  std::vector<Photo> photos;
  Network frozen;
};

void check_tally(const Features& features, std::int64_t from_cache, std::int64_t computed,
                 std::int64_t skipped) {
  CHECK(features.tally.from_cache == from_cache);
  CHECK(features.tally.computed == computed);
  CHECK(features.tally.skipped == skipped);
}

bool same_rows(const Features& a, const Features& b) {
  return a.rows.shape() == b.rows.shape() &&
         std::ranges::equal(a.rows.values<float>(), b.rows.values<float>());
}

}  // namespace

TEST_CASE("features: computed once, then from the cache, the same numbers as without one") {
  const Setup setup;
  const Features plain = setup.extract(false);
  const Features first = setup.extract();
  const Features second = setup.extract();
  check_tally(plain, 0, 15, 0);
  check_tally(first, 0, 15, 0);
  check_tally(second, 15, 0, 0);
  CHECK(plain.rows.shape() == Shape{15, 8});
  CHECK(plain.photos == indexes(15));
  CHECK(same_rows(plain, first));
  CHECK(same_rows(plain, second));
}

TEST_CASE("features: a changed photo is computed anew, a renamed one is not") {
  Setup setup;
  const Features before = setup.extract();
  write_photo(setup.photos[4].path, {10, 20, 30}, 99);
  const std::filesystem::path renamed = setup.photos[6].path.parent_path() / "renamed.jpg";
  std::filesystem::rename(setup.photos[6].path, renamed);
  setup.photos[6].path = renamed;
  const Features after = setup.extract();
  check_tally(after, 14, 1, 0);
  CHECK(same_rows(after, setup.extract(false)));
  CHECK_FALSE(same_rows(after, before));
}

TEST_CASE("features: other weights never meet the old cache") {
  Setup setup;
  const Features before = setup.extract();
  setup.frozen.weights.edit("conv/kernel").values<float>()[0] += 0.5f;
  const Features after = setup.extract();
  check_tally(after, 0, 15, 0);
  CHECK_FALSE(same_rows(after, before));
  CHECK(same_rows(after, setup.extract(false)));
}

TEST_CASE("features: a damaged cache is said, rebuilt, and right") {
  const Setup setup;
  const Features before = setup.extract();
  for (const auto& entry : std::filesystem::directory_iterator(setup.cache.path())) {
    std::filesystem::resize_file(entry.path(), 100);
  }
  const Features after = setup.extract();
  check_tally(after, 0, 15, 0);
  REQUIRE(after.cache_notes.size() == 1);
  CHECK(after.cache_notes[0].find("damaged") != std::string::npos);
  CHECK(same_rows(before, after));
  check_tally(setup.extract(), 15, 0, 0);
}

TEST_CASE("features: a cache that cannot be written is a note, the features come all the same") {
  const Setup setup;
  FeatureOptions options{.stream = {.threads = 2}};
  write_text(setup.cache / "file", "in the way");
  options.cache = setup.cache / "file" / "cache";
  const Features features = extract_features(setup.frozen, setup.photos, reference_backends(), options);
  check_tally(features, 0, 15, 0);
  CHECK_FALSE(features.cache_notes.empty());
  CHECK(same_rows(features, setup.extract(false)));
}

TEST_CASE("features: skipped photos leave no gap, are named, and are tried again the next time") {
  const Setup setup;
  write_text(setup.photos[0].path, "not a photo");
  write_text(setup.photos[9].path, "");
  for (int round = 0; round < 2; ++round) {
    const Features features = setup.extract();
    check_tally(features, round == 0 ? 0 : 13, round == 0 ? 13 : 0, 2);
    CHECK(features.rows.shape() == Shape{13, 8});
    CHECK(features.photos == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14});
    REQUIRE(features.skipped.size() == 2);
    CHECK(features.skipped[0].photo == setup.photos[0].name);
    CHECK(features.skipped[1].photo == setup.photos[9].name);
  }
}

TEST_CASE("features: a photo that decodes with a warning warns every time") {
  const Setup setup;
  const std::string whole = read_text(setup.photos[2].path);
  write_text(setup.photos[2].path, whole.substr(0, whole.size() - 40));
  for (int round = 0; round < 2; ++round) {
    const Features features = setup.extract();
    REQUIRE(features.tally.skipped == 0);
    REQUIRE(features.warnings.size() == 1);
    CHECK(features.warnings[0].photo == setup.photos[2].name);
    check_tally(features, round == 0 ? 0 : 14, round == 0 ? 15 : 1, 0);
  }
}

TEST_CASE("features: interrupted, what was computed is in the cache") {
  const Setup setup;
  std::atomic<bool> stop{false};
  FeatureOptions options{.stream = {.threads = 1, .micro_batch = 4, .stop = &stop},
                         .cache = setup.cache.path()};
  options.stream.progress = [&](std::int64_t done, std::int64_t) { stop = done >= 8; };
  try {
    extract_features(setup.frozen, setup.photos, reference_backends(), options);
    FAIL("not interrupted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
    CHECK(std::string(error.what()).find("8 of 15") != std::string::npos);
  }
  const Features rest = setup.extract();
  check_tally(rest, 8, 7, 0);
  CHECK(same_rows(rest, setup.extract(false)));
}

TEST_CASE("features: not one decodable photo is an Error that says why") {
  Setup setup;
  for (const Photo& photo : setup.photos) write_text(photo.path, "not a photo");
  CHECK(error_of([&] { setup.extract(); }).find("not one of 15") != std::string::npos);
  setup.photos.clear();
  CHECK(error_of([&] { setup.extract(); }).find("photos:") == 0);
}
