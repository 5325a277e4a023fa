#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <string_view>

namespace petal::cuda {

// Throw petal::Error(failure) with the failing expression and the library's own words.
void require(cudaError_t status, std::string_view where, const char* expression);
void require(cudnnStatus_t status, std::string_view where, const char* expression);
void require(cublasStatus_t status, std::string_view where, const char* expression);

}  // namespace petal::cuda

// A call of the library for `where` (a node, a device), or an Error.
#define PETAL_CUDA(where, expression) ::petal::cuda::require((expression), (where), #expression)
#define PETAL_CUDNN(where, expression) ::petal::cuda::require((expression), (where), #expression)
#define PETAL_CUBLAS(where, expression) ::petal::cuda::require((expression), (where), #expression)
