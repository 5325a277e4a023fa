#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/memory_bound.h"

namespace petal {

// Whose kernels are taken where both the vendor's libraries and we have one: those that are thought or, by
// autotuning, found to be faster; all of ours, with which the libraries' results are compared; or all of
// theirs, with whose speed ours is.
enum class CudaKernels { faster, own, libraries };

// Which GPU, and how it is to compute.
struct CudaOptions {
  int device = 0;  // as `petal devices` counts
  // More than one: training runs on all of these, the rest on `device` (Backend::make_replicas).
  std::vector<int> training_devices{};
  CudaKernels kernels = CudaKernels::faster;
  bool tensor_float32 = false;           // float32 products of 10 bits, on tensor cores
  bool deterministic = false;            // only what gives equal bits from run to run
  bool autotune = false;                 // time their suggestions, where plan_choices does not know
  std::filesystem::path plan_choices{};  // the file of what was found; kept from run to run
  // By device, for all backends on it together; of one that is not here, all that it has.
  std::map<int, std::shared_ptr<MemoryBound>> memory{};
};

// An NVIDIA GPU through CUDA, cuDNN, cuBLASLt and own kernels, channels last from end to end. Loads the
// plugin; every call gives a backend with a stream of its own, whose name tells what changes its numbers:
// "cuda, tf32". Throws Error("--device cuda") that says what is missing: the plugin, one of its libraries, a
// driver, a driver that is new enough, a device, NCCL where training is to run on several.
std::shared_ptr<const Backend> make_cuda_backend(const CudaOptions& options = {});

// A way in which cuDNN can compute a convolution.
struct CudaEngine {
  std::string name;              // "cudnn engine 38"
  bool rounds_products = false;  // of float32: to TensorFloat-32, or less
  bool approximates = false;     // by transforms, or with sums in less than float32
  bool deterministic = true;
  bool is_fused = false;                 // with the residual, the bias and the relu
  DataType kernel_type = DataType::f32;  // in which it reads the kernel, or writes its gradient
  std::size_t workspace_bytes = 0;
};

// What cuDNN would run one direction of a Conv2D, with a fused residual or without, on photos (N, H, W, C)
// with, on a device of these properties (its own JSON of them), which need not be there: up to `most` engines
// that the options allow for arrays of `type`, the first the one that is taken; none where that is an own
// kernel. Throws Error where the plugin is missing.
std::vector<CudaEngine> cuda_convolution_engines(const std::string& properties, const Conv2D& layer,
                                                 const Shape& photos, Direction direction,
                                                 const CudaOptions& options = {}, std::size_t most = 1,
                                                 DataType type = DataType::f32, bool residual = false);

// How many there are; 0 also where they cannot be used.
int cuda_device_count();
// The devices, a line each, or why there are none: for `petal devices` and reports.
std::string cuda_backend_description();

}  // namespace petal
