#pragma once

#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/convolution/depthwise_rows.h"

namespace petal::cpu {

Convolution as_convolution(const DepthwiseConv2D& layer, const PrepareContext& context);

// Whether run_depthwise_rows computes it: 3x3, strides 1 or 2, no dilation, one filter a channel, channels by
// eights, relu or relu6 or nothing behind it, on a processor with AVX2.
bool fits_depthwise_rows(const Convolution& convolution, const PrepareContext& context);
// What all rows have in common: all but src, src_first, weights, bias, dst, begin and end.
DepthwiseRows depthwise_rows(const Convolution& convolution, const PrepareContext& context);

// Depthwise convolution over NHWC in these rows; null where they do not apply, and with AVX-512: oneDNN's
// code is faster there with images that come from memory.
KernelPointer prepare_depthwise_forward(const Convolution& convolution, const Device& device,
                                        const PrepareContext& context);

}  // namespace petal::cpu
