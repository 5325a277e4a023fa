#pragma once

#include <cstdint>
#include <string_view>

namespace petal {

// CRC-32C (Castagnoli) of the bytes, as RFC 3720, appendix B.4.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace petal
