#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace petal {

// One step of a series that TensorBoard draws.
struct ScalarEvent {
  double wall_time = 0;  // seconds since 1970
  std::int64_t step = 0;
  std::vector<std::pair<std::string, float>> scalars{};  // tag and value
};

// A TensorBoard event file, whole: TensorFlow's TFRecord frames (length, its masked CRC-32C, data, their
// masked CRC-32C, little-endian) of its Event messages. The first, of time `began`, states the version.
std::string event_file_content(double began, std::span<const ScalarEvent> events);

// Makes FOLDER/events.out.tfevents.SECONDS.HOST, SECONDS being `began`, hold these events, and removes other
// event files there, whose series TensorBoard would mix with this one. What the file holds of them already
// stays as it is and the rest is appended: TensorBoard keeps the file open and follows a running training, so
// it may not be replaced by another. Without events there is no file. Throws Error(file, failure).
void write_event_file(const std::filesystem::path& folder, double began, std::span<const ScalarEvent> events);

}  // namespace petal
