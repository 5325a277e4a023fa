#include "io/tensorboard/crc32c.h"

#include <array>

namespace petal {
namespace {

// What a byte leaves of itself in the remainder.
constexpr std::array<std::uint32_t, 256> remainders = [] {
  constexpr std::uint32_t polynomial = 0x82f63b78;  // 0x1edc6f41, its bits in reverse
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? polynomial : 0);
    }
    table[byte] = remainder;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t remainder = ~0u;
  for (const char c : bytes) {
    remainder = (remainder >> 8) ^ remainders[(remainder ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return ~remainder;
}

}  // namespace petal
