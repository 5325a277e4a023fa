#pragma once

#include <vector>

#include "tests/kernels/activity_regularization_cases.h"
#include "tests/kernels/average_pooling2d_cases.h"
#include "tests/kernels/batch_normalization_cases.h"
#include "tests/kernels/concatenate_cases.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/conv2d_transpose_cases.h"
#include "tests/kernels/cropping2d_cases.h"
#include "tests/kernels/dense_cases.h"
#include "tests/kernels/depthwise_conv2d_cases.h"
#include "tests/kernels/dropout_cases.h"
#include "tests/kernels/elu_cases.h"
#include "tests/kernels/flatten_cases.h"
#include "tests/kernels/gaussian_dropout_cases.h"
#include "tests/kernels/gaussian_noise_cases.h"
#include "tests/kernels/global_average_pooling2d_cases.h"
#include "tests/kernels/global_max_pooling2d_cases.h"
#include "tests/kernels/layer_normalization_cases.h"
#include "tests/kernels/leaky_relu_cases.h"
#include "tests/kernels/max_pooling2d_cases.h"
#include "tests/kernels/merge_cases.h"
#include "tests/kernels/normalization_cases.h"
#include "tests/kernels/permute_cases.h"
#include "tests/kernels/prelu_cases.h"
#include "tests/kernels/random_affine_cases.h"
#include "tests/kernels/random_brightness_cases.h"
#include "tests/kernels/random_contrast_cases.h"
#include "tests/kernels/relu_cases.h"
#include "tests/kernels/rescaling_cases.h"
#include "tests/kernels/reshape_cases.h"
#include "tests/kernels/resizing_cases.h"
#include "tests/kernels/separable_conv2d_cases.h"
#include "tests/kernels/spatial_dropout2d_cases.h"
#include "tests/kernels/up_sampling2d_cases.h"
#include "tests/kernels/zero_padding2d_cases.h"

namespace petal::testing {

// The tables of every operation, in the order of their names: what the benchmarks run.
inline std::vector<std::vector<Case>> case_tables() {
  return {
      activation_cases(),
      activity_regularization_cases(),
      merge_cases<MergeOperation::add>(),
      merge_cases<MergeOperation::average>(),
      average_pooling2d_cases(),
      batch_normalization_cases(),
      concatenate_cases(),
      conv2d_cases(),
      conv2d_transpose_cases(),
      cropping2d_cases(),
      dense_cases(),
      depthwise_conv2d_cases(),
      dropout_cases(),
      elu_cases(),
      flatten_cases(),
      gaussian_dropout_cases(),
      gaussian_noise_cases(),
      global_average_pooling2d_cases(),
      global_max_pooling2d_cases(),
      layer_normalization_cases(),
      leaky_relu_cases(),
      max_pooling2d_cases(),
      merge_cases<MergeOperation::maximum>(),
      merge_cases<MergeOperation::minimum>(),
      merge_cases<MergeOperation::multiply>(),
      normalization_cases(),
      prelu_cases(),
      permute_cases(),
      random_affine_cases(),
      random_brightness_cases(),
      random_contrast_cases(),
      random_crop_cases(),
      random_flip_cases(),
      random_rotation_cases(),
      random_translation_cases(),
      random_zoom_cases(),
      relu_cases(),
      rescaling_cases(),
      reshape_cases(),
      resizing_cases(),
      separable_conv2d_cases(),
      spatial_dropout2d_cases(),
      merge_cases<MergeOperation::subtract>(),
      up_sampling2d_cases(),
      zero_padding2d_cases(),
  };
}

}  // namespace petal::testing
