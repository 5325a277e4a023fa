#include "io/onnx/layer_writer.h"

namespace petal {

std::string OnnxLayerWriter::add_weight(const std::string& name, const std::vector<std::size_t>& axes,
                                        const std::vector<std::int64_t>& dims) {
  const Tensor& tensor = weight(name);
  const Shape& shape = tensor.shape();
  std::vector<std::int64_t> stored(shape.dims().begin(), shape.dims().end());
  if (axes.empty()) return add_constant(name, dims.empty() ? stored : dims, tensor.values());
  for (std::size_t i = 0; i < axes.size(); ++i) stored[i] = shape[axes[i]];
  return add_constant(name, dims.empty() ? stored : dims, with_axes(tensor.values(), shape, axes));
}

std::vector<float> with_axes(std::span<const float> numbers, const Shape& shape,
                             const std::vector<std::size_t>& axes) {
  const std::size_t rank = axes.size();
  std::vector<std::size_t> step(rank, 1);  // in `numbers`, along each axis of the result
  for (std::size_t i = 0; i < rank; ++i) {
    for (std::size_t inner = axes[i] + 1; inner < rank; ++inner)
      step[i] *= static_cast<std::size_t>(shape[inner]);
  }
  std::vector<float> result;
  result.reserve(numbers.size());
  std::vector<std::int64_t> place(rank, 0);
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    std::size_t from = 0;
    for (std::size_t i = 0; i < rank; ++i) from += static_cast<std::size_t>(place[i]) * step[i];
    result.push_back(numbers[from]);
    for (std::size_t i = rank; i-- > 0;) {
      if (++place[i] < shape[axes[i]]) break;
      place[i] = 0;
    }
  }
  return result;
}

}  // namespace petal
