#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "io/image/image.h"

namespace petal {

// Photos of flowers that code draws: a data set for where none can be fetched. Kinds are told apart by shape,
// not by colour: their colours, sizes, places, light and backgrounds overlap.
enum class FlowerKind { daisy, dandelion, rose, sunflower, tulip };
inline constexpr std::array flower_kinds{FlowerKind::daisy, FlowerKind::dandelion, FlowerKind::rose,
                                         FlowerKind::sunflower, FlowerKind::tulip};
std::string_view to_string(FlowerKind kind);

struct DrawnFlowers {
  int image_size = 128;  // pixels a side, 16 to 2048
  int photos_per_class = 100;
  std::uint64_t seed = 1;
};

// Photo `index` of its kind: a pure function of its arguments, the same on every machine up to rounding.
Image draw_flower(FlowerKind kind, std::uint64_t seed, std::uint32_t index, int image_size = 128);

// Writes root/KIND/0000.jpg and so on, each photo atomically; makes the folders. What is there under other
// names stays. Throws Error(root) for a size or number out of range, Error(failure) where a file cannot be
// written.
void draw_flower_folder(const std::filesystem::path& root, const DrawnFlowers& options = {});

}  // namespace petal
