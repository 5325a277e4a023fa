#pragma once

#include <memory>
#include <string>

#include "engine/backend.h"

namespace petal {

// The CPU through oneDNN, NHWC from end to end. `threads` 0 takes the cores that this process may run on.
// Kernels run under the thread count that they were prepared with. Precisions: f32; bf16 with float32 sums,
// biases and gradients of weights: through oneDNN from AVX-512 on, elsewhere by float32 kernels between
// conversions, which is right and slow. Layers whose src and dst are float32 all run in float32.
std::shared_ptr<const Backend> make_cpu_backend(int threads = 0);

// On this processor: faster with AMX; with AVX512-BF16 large kernels gain, and networks of small and depthwise
// ones lose.
Bfloat16Speed cpu_bfloat16_speed();
// What this backend's measure_limit(precision) multiplies matrices in: f32 for bf16 on a processor that has
// no instructions for it.
Precision cpu_limit_precision(Precision precision);

// "oneDNN 2.6.3, AVX2, OpenMP": what the kernels are made of, for `petal devices` and reports.
std::string cpu_backend_description();

}  // namespace petal
