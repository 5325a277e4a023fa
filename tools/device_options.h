#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "trainer/backend_factory.h"

namespace petal {

// What a program computes on, and how exactly.
struct DeviceOptions {
  std::string device = "cpu";
  bool tensor_float32 = false, deterministic = false, autotune = false;
  std::uint64_t gpu_memory = 0;  // bytes of each GPU's memory; 0: all of it
};

// Declares --device, and what add_gpu_options does.
void add_device_options(CLI::App& app, DeviceOptions& options);
// Declares --tf32, --deterministic, --autotune and --gpu-memory.
void add_gpu_options(CLI::App& app, DeviceOptions& options);

// Whether --device asks for GPUs: "cuda", the first; "cuda:1"; "cuda:0,2" or "cuda:all", on which training
// runs together, and all else in turn, one at a time.
bool is_gpu(const std::string& device);

// Throws Error(--device) that says what this build can do, and Error(--tf32, --autotune, --gpu-memory) where
// these are asked of a device that has no such thing.
BackendFactory backend_factory(const DeviceOptions& options);

// What its kernels are made of, or what the GPU is: for reports.
std::string description_of(const DeviceOptions& options);
// The precision that its measure_limit of `precision` multiplies in.
Precision limit_precision(const DeviceOptions& options, Precision precision);

}  // namespace petal
