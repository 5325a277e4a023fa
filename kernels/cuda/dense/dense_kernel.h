#pragma once

#include "kernels/cuda/convolution/convolution.h"
#include "kernels/cuda/dense/matrix_product.h"

namespace petal::cuda {

// Where a product's matrices lie in the device's memory.
struct ProductArrays {
  const std::byte *a = nullptr, *b = nullptr;
  std::byte* result = nullptr;
  const std::byte* residual = nullptr;  // the last three: where the product has them
  const float* bias = nullptr;
  float* row_sums = nullptr;
  std::byte* workspace = nullptr;  // workspace_bytes() of any content
};

// A MatrixProduct as someone computes it: what a library has planned, or loops in the tests. run() only
// queues work.
class PlannedProduct {
 public:
  virtual ~PlannedProduct() = default;
  virtual void run(const ProductArrays& arrays) const = 0;
  virtual std::size_t workspace_bytes() const = 0;
  virtual std::string name() const = 0;
};

// A Dense layer as the convolution of images of one pixel that it is.
ConvolutionLayer convolution_of(const Dense& layer, const PrepareContext& context);

// One direction of a Dense layer by one of its dense_products, which `planned` computes; what that does not
// have in it is our own around it.
std::unique_ptr<Kernel> make_dense_kernel(const Device& device, const PrepareContext& context,
                                          const Dense& layer, const MatrixProduct& product,
                                          std::shared_ptr<const PlannedProduct> planned);

}  // namespace petal::cuda
