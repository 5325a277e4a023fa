#include "io/image/stored_image.h"

#include <cstddef>
#include <new>
#include <utility>

#include "engine/error.h"

namespace petal {

namespace {

std::string size_text(std::int64_t height, std::int64_t width) {
  return std::to_string(width) + "x" + std::to_string(height) + " pixels";
}

}  // namespace

void require_size(std::int64_t height, std::int64_t width, const std::string& name,
                  const DecodeOptions& options) {
  const std::string size = size_text(height, width);
  if (height <= 0 || width <= 0) throw Error(name, "has " + size + ", expected at least 1x1");
  // Divided rather than multiplied: a hostile header must not overflow the check itself.
  if (width > options.pixel_limit / height)
    throw Error(name, "has " + size + ", more than the limit of " + std::to_string(options.pixel_limit) +
                          " in all: shrink the photo or raise the limit");
}

StoredImage allocate_image(std::int64_t height, std::int64_t width, const std::string& name,
                           const DecodeOptions& options) {
  require_size(height, width, name, options);
  StoredImage stored;
  stored.image.height = height;
  stored.image.width = width;
  try {
    stored.image.pixels.resize(static_cast<std::size_t>(height * width * 3));
  } catch (const std::bad_alloc&) {
    throw Error(name, "not enough memory for " + size_text(height, width), ErrorKind::failure);
  }
  return stored;
}

Turn turn_of(int orientation) {
  const auto is_one_of = [&](auto... of) { return ((orientation == of) || ...); };
  return {.mirror_columns = is_one_of(2, 3, 7, 8),
          .mirror_rows = is_one_of(3, 4, 6, 7),
          .transposed = is_one_of(5, 6, 7, 8)};
}

Image turn_upright(StoredImage stored) {
  Image& source = stored.image;
  const auto [mirror_columns, mirror_rows, transposed] = turn_of(stored.orientation);
  if (!mirror_columns && !mirror_rows && !transposed) return std::move(source);

  Image upright;
  upright.height = transposed ? source.width : source.height;
  upright.width = transposed ? source.height : source.width;
  upright.warning = std::move(source.warning);
  upright.pixels.resize(source.pixels.size());

  const std::int64_t column_step = mirror_columns ? -3 : 3;
  const std::int64_t row_step = (mirror_rows ? -3 : 3) * source.width;
  const std::int64_t first =
      (mirror_columns ? source.width - 1 : 0) * 3 + (mirror_rows ? source.height - 1 : 0) * source.width * 3;
  const std::int64_t down = transposed ? column_step : row_step;
  const std::int64_t right = transposed ? row_step : column_step;

  std::uint8_t* out = upright.pixels.data();
  for (std::int64_t y = 0; y < upright.height; ++y) {
    for (std::int64_t x = 0; x < upright.width; ++x, out += 3) {
      const std::uint8_t* in = source.pixels.data() + (first + y * down + x * right);
      out[0] = in[0];
      out[1] = in[1];
      out[2] = in[2];
    }
  }
  return upright;
}

}  // namespace petal
