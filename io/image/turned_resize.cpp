#include "io/image/turned_resize.h"

#include <algorithm>

#include "io/image/stored_image.h"

namespace petal {
namespace {

constexpr std::int64_t channels = 3;

}  // namespace

TurnedResizer::TurnedResizer(std::int64_t src_height, std::int64_t src_width, int orientation,
                             std::int64_t height, std::int64_t width, float* dst)
    : transposed_(turn_of(orientation).transposed), dst_(dst) {
  const Turn turn = turn_of(orientation);
  // Upright places, mirrored to where they are stored: the lower of two then comes behind the upper.
  const auto stored = [](std::vector<Tap> taps, bool mirrored, std::int64_t last) {
    if (mirrored)
      for (Tap& tap : taps)
        tap = {.lower = last - tap.lower, .upper = last - tap.upper, .weight = tap.weight};
    return taps;
  };
  along_ = stored(BilinearResizer::taps(src_width, transposed_ ? height : width, channels),
                  turn.mirror_columns, (src_width - 1) * channels);
  lines_ = stored(BilinearResizer::taps(src_height, transposed_ ? width : height, 1), turn.mirror_rows,
                  src_height - 1);
  pixel_step_ = transposed_ ? width * channels : channels;
  line_step_ = transposed_ ? channels : width * channels;
  before_.resize(static_cast<std::size_t>(src_width * channels));
  if (!turn.mirror_rows) return;
  std::ranges::reverse(lines_);
  dst_ += line_step_ * static_cast<std::int64_t>(lines_.size() - 1);
  line_step_ = -line_step_;
}

void TurnedResizer::push(const std::uint8_t* row) {
  const std::int64_t index = pushed_++;
  for (; written_ < lines_.size(); ++written_, dst_ += line_step_) {
    const auto& [lower, upper, weight] = lines_[written_];
    if (index < std::max(lower, upper)) {
      if (index == std::min(lower, upper)) std::copy_n(row, before_.size(), before_.begin());
      return;
    }
    write_line(lower == index ? row : before_.data(), upper == index ? row : before_.data(), weight);
  }
}

// Across the upright image first, then down, as BilinearResizer does.
void TurnedResizer::write_line(const std::uint8_t* lower, const std::uint8_t* upper, float weight) const {
  float* out = dst_;
  for (const Tap& tap : along_) {
    const float across = transposed_ ? weight : tap.weight, down = transposed_ ? tap.weight : weight;
    const std::uint8_t* left = lower + tap.lower;
    const std::uint8_t* right = transposed_ ? upper + tap.lower : lower + tap.upper;
    const std::uint8_t* left_below = transposed_ ? lower + tap.upper : upper + tap.lower;
    const std::uint8_t* right_below = upper + tap.upper;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float first = left[c], first_below = left_below[c];
      const float above = first + (static_cast<float>(right[c]) - first) * across;
      const float below = first_below + (static_cast<float>(right_below[c]) - first_below) * across;
      out[c] = above + (below - above) * down;
    }
    out += pixel_step_;
  }
}

}  // namespace petal
