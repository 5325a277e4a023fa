// Bad input: an Error that names the file, or a warning, and never a crash (run it under the sanitizers too).

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/image/image.h"
#include "tests/io/image_fixtures.h"

using namespace petal;
using namespace petal::test;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

Bytes cut(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// One small photo of each kind that takes a path of its own through the decoders.
constexpr std::array kinds = {"exif_6.jpg",      "progressive_grey.jpg", "ycck_adobe.jpg",
                              "palette2.png",    "interlaced_grey2.png", "exif_6.png",
                              "lossy.webp",      "exif_6.webp",          "restart_markers.jpg",
                              "grey_alpha8.png", "progressive.jpg"};

enum class Outcome { pixels, refused };

// Small damage can state a large size: the limit keeps such a file from taking memory and time.
constexpr DecodeOptions small_only = {.pixel_limit = 200'000};

Outcome outcome_of(const Bytes& bytes) {
  try {
    const Image image = decode_image(bytes, "photo", small_only);
    REQUIRE(image.height >= 1);
    REQUIRE(image.width >= 1);
    REQUIRE(image.pixels.size() == static_cast<std::size_t>(image.height * image.width * 3));
    return Outcome::pixels;
  } catch (const Error& error) {
    REQUIRE(std::string_view(error.what()).starts_with("photo: "));
    return Outcome::refused;
  }
}

}  // namespace

TEST_CASE("any damaged byte gives pixels or an Error") {
  int refused = 0, decoded = 0;
  for (const char* name : kinds) {
    CAPTURE(name);
    Bytes bytes = read_file(fixture(name));
    REQUIRE(outcome_of(bytes) == Outcome::pixels);
    for (std::byte& byte : bytes) {
      const std::byte sound = byte;
      for (const std::byte damaged :
           {std::byte{0}, std::byte{0xFF}, sound ^ std::byte{1}, sound ^ std::byte{0x80}}) {
        byte = damaged;
        ++(outcome_of(bytes) == Outcome::pixels ? decoded : refused);
      }
      byte = sound;
    }
  }
  CHECK(refused > 1000);
  CHECK(decoded > 1000);
}

TEST_CASE("a file cut short anywhere gives pixels with a warning or an Error") {
  for (const char* name : kinds) {
    CAPTURE(name);
    const Bytes bytes = read_file(fixture(name));
    const bool jpeg = std::string_view(name).ends_with(".jpg");
    int decoded = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(size);
      // Exactly as much memory as there are bytes, so that the sanitizer sees a read beyond.
      const Bytes short_bytes = cut(bytes, size);
      if (outcome_of(short_bytes) == Outcome::refused) continue;
      ++decoded;
      const bool has_exif_after_the_picture = std::string_view(name) == "exif_6.webp";
      if (!has_exif_after_the_picture) CHECK_FALSE(decode_image(short_bytes, "photo").warning.empty());
    }
    if (jpeg) CHECK(decoded > 0);
  }
}

TEST_CASE("a truncated JPEG keeps the rows that are there") {
  const Bytes bytes = read_file(fixture("baseline_444.jpg"));
  const Image whole = decode_image(bytes, "photo");
  const std::size_t scan = first_scan(bytes);

  const Image half = decode_image(cut(bytes, scan + (bytes.size() - scan) * 3 / 5), "photo");
  CHECK(contains(half.warning, "remature end"));
  REQUIRE(half.pixels.size() == whole.pixels.size());
  const auto first_rows = static_cast<std::ptrdiff_t>(8 * whole.width * 3);
  CHECK(std::equal(whole.pixels.begin(), whole.pixels.begin() + first_rows, half.pixels.begin()));
  CHECK(half.pixels != whole.pixels);

  const Image no_end_marker = decode_image(cut(bytes, bytes.size() - 2), "photo");
  CHECK_FALSE(no_end_marker.warning.empty());
  CHECK(no_end_marker.pixels == whole.pixels);

  CHECK(contains(decode_error(cut(bytes, scan + 20)), "ends before its first rows"));
  decode_error(cut(bytes, scan));
}

TEST_CASE("a PNG whose end is damaged keeps its pixels; one cut short is refused") {
  const Bytes bytes = read_file(fixture("rgb8.png"));
  const Image image = decode_image(cut(bytes, bytes.size() - 3), "photo");
  CHECK_FALSE(image.warning.empty());
  CHECK(image.pixels == decode_image(bytes, "photo").pixels);
  CHECK(contains(decode_error(cut(bytes, bytes.size() / 2)), "ends before its image does"));
}

TEST_CASE("what is no photo is refused by what it is") {
  CHECK(contains(decode_error({}), "is empty, expected JPEG, PNG or WebP"));
  CHECK(contains(decode_error(bytes_of("<!DOCTYPE html>")), "is no image that Petal knows"));
  CHECK(contains(decode_error(bytes_of("GIF89a.....")), "is a GIF image"));
  CHECK(contains(decode_error(bytes_of("....ftypheic....")), "is a HEIC image"));
  decode_error(bytes_of("\xFF\xD8"));
  decode_error(bytes_of("\xFF\xD8\xFF"));
  decode_error(bytes_of("\x89PNG\r\n\x1A\n"));
  decode_error(bytes_of("RIFF....WEBP"));
}

TEST_CASE("a file that is no photo is named by its path") {
  const TemporaryFolder folder;
  const auto error_of = [](const std::filesystem::path& path) {
    try {
      read_image(path);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::bad_input);
      CHECK(std::string_view(error.what()).starts_with(path.string() + ": "));
      return std::string(error.what());
    }
    return std::string();
  };
  write_atomically(folder / "текст.jpg", "just text");
  write_atomically(folder / "empty.jpg", "");
  std::filesystem::create_directory(folder / "folder.jpg");
  CHECK(contains(error_of(folder / "текст.jpg"), "no image"));
  CHECK(contains(error_of(folder / "empty.jpg"), "is empty"));
  CHECK(contains(error_of(folder / "folder.jpg"), "not a regular file"));
  REQUIRE(::mkfifo((folder / "pipe.jpg").c_str(), 0600) == 0);
  CHECK(contains(error_of(folder / "pipe.jpg"), "not a regular file"));
  CHECK(contains(error_of(folder / "absent.jpg"), std::strerror(ENOENT)));
}

TEST_CASE("a photo above the pixel limit is refused before memory is taken") {
  for (const char* name : {"rgb8.png", "baseline_444.jpg", "lossy.webp"}) {
    CAPTURE(name);
    const Bytes bytes = read_file(fixture(name));
    CHECK(decode_image(bytes, "photo", {.pixel_limit = 23 * 37}).height == 23);
    const std::string message = decode_error(bytes, {.pixel_limit = 23 * 37 - 1});
    CHECK(contains(message, "37x23"));
    CHECK(contains(message, "850"));
  }

  Bytes huge = read_file(fixture("baseline_444.jpg"));
  const std::size_t size_at = baseline_frame(huge) + 5;
  for (std::size_t i = 0; i < 4; ++i) huge[size_at + i] = std::byte{0xFE};
  CHECK(contains(decode_error(huge), "65278x65278"));
}

TEST_CASE("a progressive JPEG of endless scans is refused") {
  const Bytes bytes = read_file(fixture("progressive.jpg"));
  const std::size_t scan = last_scan(bytes);
  const Bytes repeated(bytes.begin() + static_cast<std::ptrdiff_t>(scan), bytes.end() - 2);
  Bytes endless = cut(bytes, bytes.size() - 2);
  for (int i = 0; i < 200; ++i) endless.insert(endless.end(), repeated.begin(), repeated.end());
  endless.insert(endless.end(), bytes.end() - 2, bytes.end());
  CHECK(contains(decode_error(endless), "more than 100 progressive scans"));
}

TEST_CASE("a failed photo leaves the next one sound") {
  const Bytes bytes = read_file(fixture("baseline_444.jpg"));
  const Image before = decode_image(bytes, "photo");
  decode_error(cut(bytes, 100));
  CHECK(decode_image(bytes, "photo").pixels == before.pixels);
}
