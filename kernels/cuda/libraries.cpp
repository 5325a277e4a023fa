#include "kernels/cuda/libraries.h"

#include "kernels/cuda/check.h"

namespace petal::cuda {

Libraries::Libraries(std::shared_ptr<CUstream_st> stream) : stream_(std::move(stream)) {
  // What has been made is released where the next fails.
  std::unique_ptr<cudnnContext, decltype(&cudnnDestroy)> dnn(nullptr, cudnnDestroy);
  PETAL_CUDNN("cuda", cudnnCreate(&dnn_));
  dnn.reset(dnn_);
  PETAL_CUDNN("cuda", cudnnSetStream(dnn_, stream_.get()));
  PETAL_CUBLAS("cuda", cublasLtCreate(&blas_));
  dnn.release();
}

Libraries::~Libraries() {
  cublasLtDestroy(blas_);
  cudnnDestroy(dnn_);
}

}  // namespace petal::cuda
