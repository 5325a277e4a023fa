#include "kernels/cuda/check.h"

#include <string>

#include "engine/error.h"

namespace petal::cuda {
namespace {

[[noreturn]] void fail(std::string_view where, const char* library, const std::string& reason,
                       const char* expression) {
  throw Error(std::string(where), std::string(library) + " failed: " + reason + " in " + expression,
              ErrorKind::failure);
}

}  // namespace

void require(cudaError_t status, std::string_view where, const char* expression) {
  if (status == cudaSuccess) return;
  fail(where, "CUDA", cudaGetErrorString(status), expression);
}

void require(cudnnStatus_t status, std::string_view where, const char* expression) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  fail(where, "cuDNN", cudnnGetErrorString(status), expression);
}

void require(cublasStatus_t status, std::string_view where, const char* expression) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail(where, "cuBLASLt", cublasLtGetStatusString(status), expression);
}

}  // namespace petal::cuda
