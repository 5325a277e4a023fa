#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/convolution/convolution.h"
#include "kernels/cuda/convolution/descriptor.h"

namespace petal::cuda {

// What cuDNN plans for: a device that is there, or the properties of one that is not (as JSON).
struct PlanTarget {
  cudnnHandle_t handle = nullptr;  // null: `properties` tell
  std::string properties{};
};

// How exactly is to be computed.
struct Exactness {
  bool tensor_float32 = false;  // products of 10 bits, on tensor cores
  bool deterministic = false;   // no engine that gives other bits from run to run
};

// The numbers by which a plan's arrays are bound.
enum class ConvolutionArray : std::int64_t { src = 1, kernel = 2, dst = 3 };

struct ConvolutionPlan {
  Descriptor plan;
  CudaEngine engine;
  DataType kernel_type = DataType::f32;  // of the kernel, and of its gradient
};

// Plans one direction of a convolution of images of `type` without bias and activation, channels last, whose
// kernel is (F, KH, KW, C), with sums in float32: the first `most` of cuDNN's suggestions, the best first,
// that are as exact as asked. The kernel is of the same type; a gradient of it is float32 where there is an
// engine for that. None where there is no engine, and for groups.
std::vector<ConvolutionPlan> plan_convolution(const PlanTarget& target, const ConvolutionGeometry& geometry,
                                              Direction direction, DataType type, const Exactness& exactness,
                                              std::size_t most = 1);

}  // namespace petal::cuda
