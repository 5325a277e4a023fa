#pragma once

#include "engine/layers/parts.h"

namespace petal {

// A number for all channels, or one a channel.
class PerChannel {
 public:
  PerChannel(float number) : numbers_{number} {}  // implicit: most layers have one
  explicit PerChannel(std::vector<float> numbers) : numbers_(std::move(numbers)) {}

  bool is_one() const { return numbers_.size() == 1; }
  std::span<const float> numbers() const { return numbers_; }
  float operator[](std::int64_t channel) const {
    return numbers_[is_one() ? 0 : static_cast<std::size_t>(channel)];
  }
  friend bool operator==(const PerChannel&, const PerChannel&) = default;

 private:
  std::vector<float> numbers_;
};

// dst = src * scale + offset, in float32 whatever src is (uint8 pixels among them). Channels are the
// innermost dimension.
struct Rescaling {
  static constexpr std::string_view kind = "Rescaling";
  PerChannel scale = 1.0f;
  PerChannel offset = 0.0f;
  friend bool operator==(const Rescaling&, const Rescaling&) = default;
};

Shape infer_shape(const Rescaling& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Rescaling& layer, std::span<const Shape> src);
std::int64_t operations(const Rescaling& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Rescaling& layer);

}  // namespace petal
