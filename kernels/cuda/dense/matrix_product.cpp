#include "kernels/cuda/dense/matrix_product.h"

namespace petal::cuda {
namespace {

// A row-major array (rows, columns) as it lies in memory.
Matrix matrix(DenseArray array, DataType type, Index rows, Index columns) {
  return {.array = array, .type = type, .rows = columns, .columns = rows, .leading = columns};
}

Matrix transposed(Matrix matrix) {
  matrix.is_transposed = !matrix.is_transposed;
  return matrix;
}

MatrixProduct plain_product(const Dense& layer, const PrepareContext& context) {
  const Shape& shape = context.src[0].shape;
  const Index channels = shape.back(), rows = shape.elements() / channels, units = layer.units;
  const DataType type = context.src[0].type;
  const auto src = matrix(DenseArray::src, type, rows, channels);
  const auto kernel = [&](DataType kernel_type) {
    return matrix(DenseArray::kernel, kernel_type, channels, units);
  };
  const auto dst = [&](DataType dst_type) { return matrix(DenseArray::dst, dst_type, rows, units); };
  // Each is the other way round than it is written: (x * y)^T = y^T * x^T.
  switch (context.direction) {
    case Direction::backward_data:
      return {.a = transposed(kernel(type)), .b = dst(type), .result = src};
    case Direction::backward_weights:
      return {.a = dst(type), .b = transposed(src), .result = kernel(DataType::f32)};
    case Direction::forward:
      break;
  }
  return {.a = kernel(type), .b = src, .result = dst(DataType::f32)};
}

// With what cuBLAS has epilogues for.
MatrixProduct fused_product(const MatrixProduct& plain, const Dense& layer, const PrepareContext& context) {
  MatrixProduct fused = plain;
  if (context.direction == Direction::backward_weights) {
    // The bias' gradient is summed from what is not rounded.
    fused.sums_rows_of_a = layer.use_bias && context.dst.type == plain.a.type;
    return fused;
  }
  const bool is_relu = layer.activation == ActivationFunction::relu;
  const bool has_residual = context.node.fused_residual;
  if (context.direction != Direction::forward || context.dst.type != plain.result.type ||
      !(is_relu || layer.activation == ActivationFunction::linear) ||
      (has_residual && context.src[1].type != plain.result.type)) {
    return fused;
  }
  fused.adds_residual = has_residual;
  fused.adds_bias = layer.use_bias;
  fused.is_relu = is_relu;
  return fused;
}

std::string text(const Matrix& matrix) {
  return " " + std::string(to_string(matrix.type)) + " " + std::to_string(matrix.rows) + "x" +
         std::to_string(matrix.columns) + "/" + std::to_string(matrix.leading) +
         (matrix.is_transposed ? " transposed" : "");
}

}  // namespace

std::vector<MatrixProduct> dense_products(const Dense& layer, const PrepareContext& context) {
  const DataType type = context.src[0].type;
  if (type != DataType::f32 && type != DataType::bf16 && type != DataType::f16) return {};
  const MatrixProduct plain = plain_product(layer, context);
  const MatrixProduct fused = fused_product(plain, layer, context);
  if (!fused.is_fused()) return {plain};
  return {fused, plain};
}

std::string plan_key(const MatrixProduct& product, bool tensor_float32) {
  std::string key = "product" + text(product.a) + text(product.b) + text(product.result);
  for (const auto& [is_set, word] : {std::pair(product.adds_residual, " residual"),
                                     {product.adds_bias, " bias"},
                                     {product.is_relu, " relu"},
                                     {product.sums_rows_of_a, " row sums"},
                                     {tensor_float32, " tf32"}}) {
    if (is_set) key += word;
  }
  return key;
}

}  // namespace petal::cuda
