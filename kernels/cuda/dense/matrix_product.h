#pragma once

#include <string>
#include <vector>

#include "engine/backend.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

// A Dense layer's directions as the matrix products that cuBLAS computes, without its headers: so the tests
// compute what is described, and compare.

// The arrays of a Dense layer, of values or of their gradients, row-major as everywhere: (rows, channels),
// (channels, units), (rows, units).
enum class DenseArray { src, kernel, dst };

// One of them as cuBLAS sees it, column-major: element (row, column) is row + column * leading. So the array
// appears turned over, and `is_transposed` turns it back.
struct Matrix {
  DenseArray array = DenseArray::src;
  DataType type = DataType::f32;
  Index rows = 0, columns = 0, leading = 0;
  bool is_transposed = false;
};

// result = a * b [+ residual] [+ bias, one a row of result] [cut off below 0], sums in float32. The residual
// lies as the result does; the bias, and its gradient, are float32 as the result then is.
struct MatrixProduct {
  Matrix a, b, result;
  bool adds_residual = false, adds_bias = false, is_relu = false;
  bool sums_rows_of_a = false;  // gives the bias' gradient besides: the sum of each row of a
  bool is_fused() const { return adds_residual || adds_bias || is_relu || sums_rows_of_a; }
};

// The products of one direction of a layer, of which one is to be run: the first with all that can be fused,
// the last with nothing fused. Factors are of src's type: a gradient of another is to be rounded to it.
// Forward's result is float32, whatever dst is, and so is the kernel's gradient. None for other types.
std::vector<MatrixProduct> dense_products(const Dense& layer, const PrepareContext& context);

// All that the choice of an algorithm depends on besides the device and the library, as text.
std::string plan_key(const MatrixProduct& product, bool tensor_float32);

}  // namespace petal::cuda
