#include <doctest/doctest.h>

#include <fstream>

#include "engine/error.h"
#include "io/tensorboard/crc32c.h"
#include "io/tensorboard/event_file.h"
#include "tests/event_file_reader.h"
#include "tests/temporary_folder.h"

namespace petal::testing {
namespace {

namespace fs = std::filesystem;

constexpr double began = 1700000000.25;

std::vector<ScalarEvent> two_steps() {
  return {
      {.wall_time = 1700000001.5, .step = 0, .scalars = {{"epoch_loss", 1.25f}, {"epoch_accuracy", 0.0f}}},
      {.wall_time = 1700000002.75, .step = 300, .scalars = {{"epoch_loss", 0.1f}, {"epoch_accuracy", 1.0f}}}};
}

fs::path only_file(const fs::path& folder) {
  REQUIRE(std::distance(fs::directory_iterator(folder), {}) == 1);
  return fs::directory_iterator(folder)->path();
}

}  // namespace

TEST_CASE("CRC-32C is that of RFC 3720") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("an event file has the bytes of TensorFlow's") {
  std::ifstream stream(PETAL_SOURCE "/tests/golden/tensorboard/two_steps.tfevents", std::ios::binary);
  const std::string expected(std::istreambuf_iterator<char>(stream), {});
  REQUIRE(expected.size() > 100);
  CHECK(event_file_content(began, two_steps()) == expected);
}

TEST_CASE("an event file reads back: frames, both checksums, values") {
  const std::string content = event_file_content(began, two_steps());
  const auto events = test::EventFileReader(content).all();
  REQUIRE(events.size() == 3);
  CHECK(events[0].wall_time == began);
  CHECK(events[0].file_version == "brain.Event:2");
  CHECK(events[1].step == 0);
  CHECK(events[1].scalars == std::map<std::string, float>{{"epoch_loss", 1.25f}, {"epoch_accuracy", 0.0f}});
  CHECK(events[2].wall_time == 1700000002.75);
  CHECK(events[2].step == 300);
  CHECK(events[2].scalars == std::map<std::string, float>{{"epoch_loss", 0.1f}, {"epoch_accuracy", 1.0f}});
  for (std::size_t i = 0; i < content.size(); ++i) {  // the reader sees damage of every byte
    std::string damaged = content;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_THROWS_AS(test::EventFileReader(damaged).all(), std::runtime_error);
  }
}

TEST_CASE("an event file that grows stays the same file, for readers that have it open") {
  const test::TemporaryFolder folder;
  const fs::path train = folder / "run" / "train";
  const auto events = two_steps();
  write_event_file(train, began, std::span(events).first(1));
  const fs::path file = only_file(train);
  CHECK(file.filename().string().starts_with("events.out.tfevents.1700000000."));
  CHECK(file.filename().string().size() > std::string("events.out.tfevents.1700000000.").size());
  std::ifstream open(file, std::ios::binary);
  const std::string first(std::istreambuf_iterator<char>(open), {});
  CHECK(first == event_file_content(began, std::span(events).first(1)));
  write_event_file(train, began, events);
  CHECK(only_file(train) == file);
  open.clear();
  const std::string rest(std::istreambuf_iterator<char>(open), {});
  CHECK(first + rest == event_file_content(began, events));
}

TEST_CASE("an event file is mended where it was cut, went another way or holds more") {
  const test::TemporaryFolder folder;
  auto events = two_steps();
  write_event_file(folder.path(), began, events);
  const fs::path file = only_file(folder.path());
  const std::string whole = event_file_content(began, events);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    fs::resize_file(file, size);
    write_event_file(folder.path(), began, events);
    CHECK(test::event_file_in(folder.path()) == whole);
  }
  events[1].scalars[0].second = 7;
  write_event_file(folder.path(), began, events);
  CHECK(test::event_file_in(folder.path()) == event_file_content(began, events));
  events.pop_back();
  write_event_file(folder.path(), began, events);
  CHECK(test::event_file_in(folder.path()) == event_file_content(began, events));
}

TEST_CASE("another series takes the place of one in the folder, and of nothing else there") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "notes.txt") << "mine";
  write_event_file(folder.path(), began, two_steps());
  write_event_file(folder.path(), began + 5, two_steps());
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
  fs::rename(folder / "notes.txt", folder / "events.out.notes");
  write_event_file(folder.path(), began, {});
  CHECK(only_file(folder.path()).filename() == "events.out.notes");
  write_event_file(folder / "none", began, {});
  CHECK_FALSE(fs::exists(folder / "none"));
}

TEST_CASE("an event file that cannot be written is an Error that names it") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "train") << "a file";
  CHECK_THROWS_WITH_AS(write_event_file(folder / "train", began, two_steps()),
                       doctest::Contains((folder / "train").c_str()), Error);
}

}  // namespace petal::testing
