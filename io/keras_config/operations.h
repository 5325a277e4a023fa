#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "io/keras_config/structure.h"

namespace petal::keras_config {

// The layer that an operation is which Keras recorded between a layer's output and a constant, as in
// `x / 127.5 - 1`: a Rescaling. Throws Error(`where`) for other operations and constants.
Layer read_operation(const std::string& class_name, const Constant& constant, const std::string& where);

// Keras 3's name of the operation that Keras 2 recorded as a TFOpLambda of this function: "math.truediv" ->
// "TrueDivide". Throws Error(`where`) where Petal lacks it.
std::string operation_of(const std::string& function, const std::string& where);

// Whether the entry is an operation that takes a part of a value: x[...].
bool is_slicing(const Entry& entry);
// The channels that such an operation takes, one of x[..., k], all backwards of x[..., ::-1]; `single` is set
// for the former. Throws Error(`where`) for all others.
struct ChannelSlice {
  std::vector<std::int64_t> channels;
  bool single = false;
};
ChannelSlice read_slicing(const Entry& entry, std::int64_t channels, const std::string& where);
// Single channels of values by the names of the operations that took them; no values themselves.
class ChannelSlices {
 public:
  void add(const std::string& name, Value source, std::int64_t channel) { slices_[name] = {source, channel}; }
  // What an operation Stack puts side by side. Throws Error(`where`) unless it is channels of one value.
  struct Stack {
    Value source;
    std::vector<std::int64_t> channels;
  };
  Stack stack(const Entry& entry, const std::string& where) const;

 private:
  struct Slice {
    Value source;
    std::int64_t channel = 0;
  };
  std::map<std::string, Slice> slices_;
};

// The layer that puts these channels out of `channels` side by side: a convolution whose weights are stated.
Layer select_channels(std::span<const std::int64_t> chosen, std::int64_t channels);

}  // namespace petal::keras_config
