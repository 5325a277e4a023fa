#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace petal::test {

// What TensorBoard reads of an event.
struct ReadEvent {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version{};
  std::map<std::string, float> scalars{};
};

// Reads TFRecord frames and the fields of an Event by their numbers, sharing no code with what writes them.
// Throws std::runtime_error for anything that is not as it should be.
class EventFileReader {
 public:
  explicit EventFileReader(std::string_view bytes) : rest_(bytes) {}

  std::vector<ReadEvent> all() {
    std::vector<ReadEvent> events;
    while (!rest_.empty()) events.push_back(event(frame()));
    return events;
  }

 private:
  static std::string_view take(std::string_view& from, std::uint64_t size) {
    if (size > from.size()) throw std::runtime_error("truncated");
    const std::string_view taken = from.substr(0, size);
    from.remove_prefix(size);
    return taken;
  }

  template <class Number>
  static Number fixed(std::string_view& from) {
    static_assert(std::endian::native == std::endian::little);
    Number number;
    std::memcpy(&number, take(from, sizeof number).data(), sizeof number);
    return number;
  }

  static std::uint64_t varint(std::string_view& from) {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(from, 1)[0]);
      number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
    throw std::runtime_error("a varint without end");
  }

  static std::string_view text(std::string_view& from) {
    const std::uint64_t size = varint(from);
    return take(from, size);
  }

  // Bit by bit, over the polynomial itself.
  static std::uint32_t masked_crc32c(std::string_view bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82f63b78u * (crc & 1));
    }
    return std::rotr(~crc, 15) + 0xa282ead8u;
  }

  std::string_view frame() {
    const std::string_view head = rest_.substr(0, 8);
    const auto size = fixed<std::uint64_t>(rest_);
    if (fixed<std::uint32_t>(rest_) != masked_crc32c(head)) throw std::runtime_error("checksum of a length");
    const std::string_view data = take(rest_, size);
    if (fixed<std::uint32_t>(rest_) != masked_crc32c(data)) throw std::runtime_error("checksum of data");
    return data;
  }

  // A tag is a field's number and its wire type: 0 varint, 1 eight bytes, 2 a length and bytes, 5 four bytes.
  static constexpr std::uint64_t field(std::uint64_t number, std::uint64_t type) {
    return number << 3 | type;
  }

  static ReadEvent event(std::string_view data) {
    ReadEvent event;
    while (!data.empty()) {
      switch (varint(data)) {
        case field(1, 1):
          event.wall_time = fixed<double>(data);
          break;
        case field(2, 0):
          event.step = static_cast<std::int64_t>(varint(data));
          break;
        case field(3, 2):
          event.file_version = text(data);
          break;
        case field(5, 2):
          add_scalars(event, text(data));
          break;
        default:
          throw std::runtime_error("an unknown field of Event");
      }
    }
    return event;
  }

  static void add_scalars(ReadEvent& event, std::string_view summary) {
    while (!summary.empty()) {
      if (varint(summary) != field(1, 2)) throw std::runtime_error("an unknown field of Summary");
      std::string_view value = text(summary);
      std::string tag;
      float number = 0;
      while (!value.empty()) {
        switch (varint(value)) {
          case field(1, 2):
            tag = text(value);
            break;
          case field(2, 5):
            number = fixed<float>(value);
            break;
          default:
            throw std::runtime_error("an unknown field of Summary.Value");
        }
      }
      event.scalars[tag] = number;
    }
  }

  std::string_view rest_;
};

// The content of the one file in a folder, whose name must be an event file's.
inline std::string event_file_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  if (files.size() != 1 || !files[0].filename().string().starts_with("events.out.tfevents.")) {
    throw std::runtime_error(folder.string() + " holds something else than one event file");
  }
  std::ifstream file(files[0], std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The events with scalars in a folder's one event file; its first must be the version.
inline std::vector<ReadEvent> scalar_events(const std::filesystem::path& folder) {
  const std::string content = event_file_in(folder);
  std::vector<ReadEvent> events = EventFileReader(content).all();
  if (events.empty() || events[0].file_version != "brain.Event:2") throw std::runtime_error("no version");
  events.erase(events.begin());
  return events;
}

}  // namespace petal::test
