#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/layers/layer.h"

namespace petal::keras_config {

using Json = nlohmann::json;

// The arguments of one layer in a Keras config. Every getter throws Error(`where`) naming class and option
// where the value is of another type, out of range, or something that Petal lacks; a missing one takes the
// default given. `finish` refuses every argument that nobody asked for and that is set: none is passed over
// in silence.
class Options {
 public:
  // `keras` is the major version that wrote the config.
  Options(const Json& config, std::string where, std::string class_name, int keras = 3);

  const std::string& where() const { return where_; }
  // Throws Error: "CLASS WHAT".
  [[noreturn]] void fail(const std::string& what) const;

  bool boolean(const std::string& key, bool otherwise);
  // From 1 to `largest`.
  std::int64_t size(const std::string& key);
  std::int64_t size(const std::string& key, std::int64_t otherwise);
  // Also numpy scalars as Keras 2 wrote them: {"type": "ndarray", "value": 6.0}.
  float number(const std::string& key, float otherwise);
  // One number for both, or [height, width].
  Size2D size2d(const std::string& key, Size2D otherwise);
  Padding padding();
  // ZeroPadding2D's and Cropping2D's: n, [rows, columns] or [[top, bottom], [left, right]].
  Padding2D padding2d(const std::string& key, Padding2D otherwise);
  Interpolation interpolation(Interpolation otherwise);
  // As read_numbers; none where there is none.
  std::vector<float> numbers(const std::string& key);
  // A list of sizes from 1 on, fewer than dimensions that a shape has.
  std::vector<std::int64_t> sizes(const std::string& key);
  // A function's name, or a layer in its place such as LeakyReLU. What is no ActivationFunction goes to
  // behind().
  ActivationFunction activation();
  // The layers that compute the rest of the activation behind this one, which is then linear.
  const std::vector<Layer>& behind() const { return behind_; }
  std::vector<std::int64_t> target_shape();
  // One number, of which `single` makes a range, or [lower, upper].
  Range range(const std::string& key, Range (*single)(float));
  Range range(const std::string& key, Range (*single)(float), Range otherwise);
  Sampling sampling();
  // None, or one of L1, L2 and L1L2.
  Regularizer regularizer(const std::string& key);
  bool has(const std::string& key) const { return config_.contains(key); }
  // The value as it stands; null where there is none.
  const Json& value(const std::string& key);

  void require_channels_last();
  // `axis` names the innermost of `rank` dimensions, N counted.
  void require_last_axis(std::size_t rank, std::int64_t otherwise = -1);
  // How many innermost dimensions `axis` names: a number, or a list that names them in order; of an empty
  // list (or Keras 2's null), 0.
  std::int64_t innermost_axes(std::size_t rank, std::int64_t otherwise);
  // The option is absent, null, false or 0.
  void require_unset(const std::string& key);
  void finish() const;

  // Larger sizes are taken for damage: their products would not fit.
  static constexpr std::int64_t largest = 1 << 20;

 private:
  std::int64_t integer(const std::string& key, const Json& value, std::int64_t low) const;
  ActivationFunction activation_layer(const Json& value);

  const Json& config_;
  std::string where_;
  std::string class_name_;
  int keras_;
  std::vector<Layer> behind_;
  std::set<std::string> known_;
};

// One number, a list, or lists of one list, as Keras writes arrays that broadcast along the innermost
// dimension; also in Keras 3's {"class_name": "__numpy__" or "__tensor__", "config": {"value": ...}} and
// Keras 2's
// {"type": "ndarray", "value": ...}. None where the value is anything else.
std::vector<float> read_numbers(const Json& value);

// The value as text for a message, cut where it is long.
std::string shown(const Json& value);

}  // namespace petal::keras_config
