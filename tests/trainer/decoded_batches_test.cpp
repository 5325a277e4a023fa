#include "trainer/decoded_batches.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

constexpr std::int64_t size = 10;
constexpr std::size_t numbers = size * size * 3;

std::vector<float> decoded(const Photo& photo) {
  std::vector<float> pixels(numbers);
  resize_bilinear(read_image(photo.path), size, size, pixels.data());
  return pixels;
}

std::vector<float> sample(const DecodedBatch& batch, std::size_t i) {
  const auto pixels = batch.pixels.values<float>().subspan(i * numbers, numbers);
  return {pixels.begin(), pixels.end()};
}

}  // namespace

TEST_CASE(
    "decoded batches: every photo in order, for any threads and depth, the last batch filled with zeros") {
  TemporaryFolder folder;
  write_colours(folder.path(), 4);
  const std::vector<Photo> photos = scan_folder(folder.path()).photos;
  const std::vector<std::int64_t> order = {11, 0, 5, 3, 8, 1, 10, 2, 9, 4, 7};
  for (const auto& [threads, ahead] : {std::pair{1, 1}, {2, 2}, {4, 3}, {3, 9}}) {
    CAPTURE(threads);
    CAPTURE(ahead);
    DecodedBatches batches(photos, order,
                           {.batch = 4, .height = size, .width = size, .threads = threads, .ahead = ahead});
    std::size_t position = 0;
    while (const DecodedBatch* batch = batches.next()) {
      CHECK(batch->first == static_cast<std::int64_t>(position));
      CHECK(batch->count == (position < 8 ? 4 : 3));
      for (std::size_t i = 0; i < 4; ++i) {
        if (i < static_cast<std::size_t>(batch->count)) {
          CHECK(sample(*batch, i) == decoded(photos[static_cast<std::size_t>(order[position++])]));
        } else {
          CHECK(sample(*batch, i) == std::vector<float>(numbers, 0.0f));
        }
      }
    }
    CHECK(position == order.size());
    CHECK(batches.next() == nullptr);
    CHECK(batches.seconds_waited() >= 0);
  }
}

TEST_CASE("decoded batches: a bad photo is zeros and named in its batch") {
  TemporaryFolder folder;
  write_colours(folder.path(), 2);
  const std::vector<Photo> photos = scan_folder(folder.path()).photos;
  write_text(photos[2].path, "not a photo");
  DecodedBatches batches(photos, indexes(6), {.batch = 6, .height = size, .width = size, .threads = 2});
  const DecodedBatch* batch = batches.next();
  REQUIRE(batch != nullptr);
  CHECK(batch->outcomes[2].state == PhotoOutcome::State::skipped);
  CHECK(batch->outcomes[2].message.find(photos[2].name) == 0);
  CHECK(batch->outcomes[3].state == PhotoOutcome::State::decoded);
  CHECK(sample(*batch, 2) == std::vector<float>(numbers, 0.0f));
}

TEST_CASE("decoded batches: may be left half-consumed, and may be empty") {
  TemporaryFolder folder;
  write_colours(folder.path(), 6);
  const std::vector<Photo> photos = scan_folder(folder.path()).photos;
  {
    DecodedBatches batches(photos, indexes(18), {.batch = 2, .height = size, .width = size, .threads = 2});
    CHECK(batches.next() != nullptr);
  }
  DecodedBatches none(photos, {}, {.batch = 2, .height = size, .width = size, .threads = 2});
  CHECK(none.next() == nullptr);
}
