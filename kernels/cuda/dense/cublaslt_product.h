#pragma once

#include <cublasLt.h>

#include "kernels/cuda/dense/dense_kernel.h"

namespace petal::cuda {

// How cuBLASLt can compute a product.
struct ProductPlan {
  std::shared_ptr<const PlannedProduct> product;
  std::string algorithm;  // with its tiles and the like: what a choice of it is kept as
};

// The first `most` algorithms that cuBLASLt suggests for a product on the current device, the best first;
// none where it has none. Sums are float32; products of float32 are rounded to TensorFloat-32 only with
// `tensor_float32`. Each gives the same bits from run to run. Their runs are queued on `stream`, which
// outlives them.
std::vector<ProductPlan> plan_product(const std::shared_ptr<cublasLtContext>& handle, CUstream_st* stream,
                                      const MatrixProduct& product, bool tensor_float32, std::size_t most);

}  // namespace petal::cuda
