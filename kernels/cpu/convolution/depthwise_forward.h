#pragma once

#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/convolution/depthwise_rows.h"

namespace petal::cpu {

Convolution as_convolution(const DepthwiseConv2D& layer, const PrepareContext& context);

// Whether run_depthwise_row computes it: 3x3, strides 1 or 2, no dilation, one filter a channel, channels by
// eights, relu or relu6 or nothing behind it, on a processor with AVX2.
bool fits_depthwise_rows(const Convolution& convolution, const PrepareContext& context);
// And is to: with AVX-512 oneDNN's is used.
bool is_depthwise_rows(const Convolution& convolution, const PrepareContext& context);
// What all rows have in common.
DepthwiseRow depthwise_row(const Convolution& convolution, const PrepareContext& context);
// Sets what row y of dst reads. `rows` holds src's rows from `first` on, (columns, channels) each; `kernel`
// is (3, 3, channels).
void set_window(DepthwiseRow& row, const float* rows, std::int64_t first, std::int64_t y, const float* kernel,
                const Window& window);

// Depthwise convolution over NHWC in these rows; null where they do not apply.
KernelPointer prepare_depthwise_forward(const Convolution& convolution, const Device& device,
                                        const PrepareContext& context);

}  // namespace petal::cpu
