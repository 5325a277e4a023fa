#pragma once

#include <memory>
#include <string>

#include "engine/backend.h"

namespace petal {

// Which GPU, and how it is to compute.
struct CudaOptions {
  int device = 0;               // as `petal devices` counts
  bool own_kernels = false;     // without cuDNN: slower, and what its results are compared with
  bool tensor_float32 = false;  // float32 products of 10 bits, on tensor cores
};

// An NVIDIA GPU through CUDA, cuDNN and own kernels, channels last from end to end. Loads the plugin; every
// call gives a backend with a stream of its own. Throws Error("--device cuda") that says what is missing: the
// plugin, one of its libraries, a driver, a driver that is new enough, a device.
std::shared_ptr<const Backend> make_cuda_backend(const CudaOptions& options = {});

// What cuDNN would run one direction of a Conv2D on photos (N, H, W, C) with, on a device of these properties
// (its own JSON of them), which need not be there: "cudnn engine 38", or nothing where that is an own kernel.
// Throws Error where the plugin is missing.
std::string cuda_convolution_engine(const std::string& properties, const Conv2D& layer, const Shape& photos,
                                    Direction direction);

// The devices, a line each, or why there are none: for `petal devices` and reports.
std::string cuda_backend_description();

}  // namespace petal
