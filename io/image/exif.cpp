#include "io/image/exif.h"

#include <cstdint>
#include <cstring>

namespace petal {
namespace {

constexpr std::size_t prefix_size = 6;
constexpr std::size_t entry_size = 12;
constexpr std::uint32_t orientation_tag = 0x0112;
constexpr std::uint32_t type_short = 3;
constexpr std::uint32_t type_long = 4;

// Numbers of either byte order; what lies outside of the block reads as 0, which no valid field here holds.
class TiffReader {
 public:
  explicit TiffReader(std::span<const std::byte> bytes) : bytes_(bytes) {
    little_endian_ = bytes.size() >= 2 && bytes[0] == std::byte{'I'} && bytes[1] == std::byte{'I'};
  }

  bool is_tiff() const {
    if (bytes_.size() < 8) return false;
    const bool big_endian = bytes_[0] == std::byte{'M'} && bytes_[1] == std::byte{'M'};
    return (little_endian_ || big_endian) && number(2, 2) == 42;
  }

  std::uint32_t number(std::size_t offset, std::size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t at = little_endian_ ? offset + size - 1 - i : offset + i;
      value = value << 8 | std::to_integer<std::uint32_t>(bytes_[at]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool little_endian_ = false;
};

}  // namespace

bool has_exif_prefix(std::span<const std::byte> block) {
  return block.size() >= prefix_size && std::memcmp(block.data(), "Exif\0\0", prefix_size) == 0;
}

int exif_orientation(std::span<const std::byte> block) {
  if (has_exif_prefix(block)) block = block.subspan(prefix_size);
  const TiffReader tiff(block);
  if (!tiff.is_tiff()) return 1;

  const std::size_t directory = tiff.number(4, 4);
  const std::size_t entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * entry_size;
    if (entry + entry_size > block.size()) break;
    if (tiff.number(entry, 2) != orientation_tag) continue;
    const std::uint32_t type = tiff.number(entry + 2, 2);
    if (type != type_short && type != type_long) return 1;
    const std::uint32_t value = tiff.number(entry + 8, type == type_short ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace petal
