#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <memory>

#include "kernels/cuda/device.h"

namespace petal::cuda {

// The handles of the vendor's libraries, bound to a stream. Not for two threads at once.
class Libraries {
 public:
  explicit Libraries(std::shared_ptr<CUstream_st> stream);
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;
  ~Libraries();

  cudnnHandle_t dnn() const { return dnn_; }
  cublasLtHandle_t blas() const { return blas_; }
  cudaStream_t stream() const { return stream_.get(); }

 private:
  std::shared_ptr<CUstream_st> stream_;
  cudnnHandle_t dnn_ = nullptr;
  cublasLtHandle_t blas_ = nullptr;
};

}  // namespace petal::cuda
