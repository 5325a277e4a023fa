#include "io/tensorboard/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "engine/error.h"
#include "io/tensorboard/crc32c.h"
#include "io/tensorboard/event.pb.h"

namespace petal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_prefix = "events.out.tfevents.";

[[noreturn]] void fail(const fs::path& path, const std::string& what, const std::error_code& error) {
  throw Error(path.string(), what + ": " + error.message(), ErrorKind::failure);
}

template <class Unsigned>
void append_little_endian(std::string& bytes, Unsigned value) {
  for (std::size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xff);
}

// Rotated and shifted, as TFRecord asks, so that a checksum of data that holds checksums tells something.
void append_masked_crc32c(std::string& bytes, std::string_view checked) {
  const std::uint32_t crc = crc32c(checked);
  append_little_endian(bytes, ((crc >> 15) | (crc << 17)) + 0xa282ead8u);
}

void append_frame(std::string& file, const tensorboard::Event& event) {
  const std::string data = event.SerializeAsString();
  std::string length;
  append_little_endian(length, static_cast<std::uint64_t>(data.size()));
  file += length;
  append_masked_crc32c(file, length);
  file += data;
  append_masked_crc32c(file, data);
}

std::string file_name(double began) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {"localhost"};
  return fmt::format("{}{:010}.{}", file_prefix, static_cast<std::int64_t>(began), host.data());
}

void remove_event_files(const fs::path& folder, const std::string& but) {
  std::error_code error;
  std::vector<fs::path> others;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(file_prefix) && name != but) others.push_back(entry->path());
  }
  for (const fs::path& other : others) {
    if (fs::remove(other, error); error) fail(other, "cannot be removed", error);
  }
}

// The file's content becomes `content`; the part in which they agree is not written again.
void bring_up_to(const fs::path& file, std::string_view content) {
  std::string held;
  if (std::ifstream in(file, std::ios::binary); in) held.assign(std::istreambuf_iterator<char>(in), {});
  const auto agreed = static_cast<std::size_t>(std::ranges::mismatch(held, content).in1 - held.begin());
  std::error_code error;
  if (agreed < held.size()) fs::resize_file(file, agreed, error);
  if (error) fail(file, "cannot be shortened", error);
  errno = 0;
  std::ofstream out(file, std::ios::binary | std::ios::app);
  out << content.substr(agreed);
  out.close();
  if (!out) fail(file, "cannot be written", {errno, std::generic_category()});
}

}  // namespace

std::string event_file_content(double began, std::span<const ScalarEvent> events) {
  std::string content;
  tensorboard::Event first;
  first.set_wall_time(began);
  first.set_file_version("brain.Event:2");
  append_frame(content, first);
  for (const ScalarEvent& event : events) {
    tensorboard::Event message;
    message.set_wall_time(event.wall_time);
    message.set_step(event.step);
    for (const auto& [tag, number] : event.scalars) {
      tensorboard::Summary::Value& value = *message.mutable_summary()->add_value();
      value.set_tag(tag);
      value.set_simple_value(number);
    }
    append_frame(content, message);
  }
  return content;
}

void write_event_file(const fs::path& folder, double began, std::span<const ScalarEvent> events) {
  const std::string name = events.empty() ? "" : file_name(began);
  remove_event_files(folder, name);
  if (events.empty()) return;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(folder, "cannot be made", error);
  bring_up_to(folder / name, event_file_content(began, events));
}

}  // namespace petal
