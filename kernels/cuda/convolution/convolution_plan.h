#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/convolution/descriptor.h"
#include "kernels/cuda/convolution/packed_convolution.h"

namespace petal::cuda {

// What cuDNN plans for: a device that is there, or the properties of one that is not (as JSON).
struct PlanTarget {
  cudnnHandle_t handle = nullptr;  // null: `properties` tell
  std::string properties{};
};

// The numbers by which a plan's arrays are bound.
enum class ConvolutionArray : std::int64_t { src = 1, kernel = 2, dst = 3, residual = 4, bias = 5 };

struct ConvolutionPlan {
  Descriptor plan;
  CudaEngine engine;
  DataType kernel_type = DataType::f32;  // of the kernel, and of its gradient
  Fusion fusion{};
};

// Plans one direction of a convolution of images of `type`, channels last, whose kernel is (F, KH, KW, C of a
// group), with sums in float32; forward with `fusion`, where there is an engine for that, else with none: the
// first `most` of cuDNN's suggestions, the best first, that are as exact as asked. The kernel is of the same
// type; a gradient of it is float32 where there is an engine for that (cuDNN 9.19 has none for halves on
// compute capability 8.0 to 10.0: it rounds them). None where there is no engine.
std::vector<ConvolutionPlan> plan_convolution(const PlanTarget& target, const ConvolutionGeometry& geometry,
                                              Direction direction, DataType type, const Exactness& exactness,
                                              std::size_t most = 1, const Fusion& fusion = {});

}  // namespace petal::cuda
