#pragma once

#include <optional>
#include <string>

#include "engine/backend.h"
#include "kernels/cuda/convolution/convolution.h"
#include "kernels/cuda/convolution/descriptor.h"

namespace petal::cuda {

// What cuDNN plans for: a device that is there, or the properties of one that is not (as JSON).
struct PlanTarget {
  cudnnHandle_t handle = nullptr;  // null: `properties` tell
  std::string properties{};
};

// How exactly float32 is to be computed.
struct Exactness {
  bool tensor_float32 = false;  // products of 10 bits, on tensor cores
  bool deterministic = true;
};

// The numbers by which a plan's arrays are bound.
enum class ConvolutionArray : std::int64_t { src = 1, kernel = 2, dst = 3 };

struct ConvolutionPlan {
  Descriptor plan;
  std::string engine;  // "cudnn engine 38"
  std::size_t workspace_bytes = 0;
};

// Plans one direction of a float32 convolution without bias and activation, channels last, whose kernel is
// (F, KH, KW, C): the first of cuDNN's suggestions that is as exact as asked. None where there is no such
// engine, and for groups.
std::optional<ConvolutionPlan> plan_convolution(const PlanTarget& target, const ConvolutionGeometry& geometry,
                                                Direction direction, const Exactness& exactness);

}  // namespace petal::cuda
