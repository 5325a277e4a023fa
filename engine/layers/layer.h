#pragma once

#include <variant>

#include "engine/layers/activation.h"
#include "engine/layers/activity_regularization.h"
#include "engine/layers/average_pooling2d.h"
#include "engine/layers/batch_normalization.h"
#include "engine/layers/concatenate.h"
#include "engine/layers/conv2d.h"
#include "engine/layers/conv2d_transpose.h"
#include "engine/layers/cropping2d.h"
#include "engine/layers/dense.h"
#include "engine/layers/depthwise_conv2d.h"
#include "engine/layers/dropout.h"
#include "engine/layers/elu.h"
#include "engine/layers/flatten.h"
#include "engine/layers/gaussian_dropout.h"
#include "engine/layers/gaussian_noise.h"
#include "engine/layers/global_average_pooling2d.h"
#include "engine/layers/global_max_pooling2d.h"
#include "engine/layers/input.h"
#include "engine/layers/layer_normalization.h"
#include "engine/layers/leaky_relu.h"
#include "engine/layers/max_pooling2d.h"
#include "engine/layers/merge.h"
#include "engine/layers/normalization.h"
#include "engine/layers/permute.h"
#include "engine/layers/prelu.h"
#include "engine/layers/random_affine.h"
#include "engine/layers/random_brightness.h"
#include "engine/layers/random_contrast.h"
#include "engine/layers/random_crop.h"
#include "engine/layers/random_flip.h"
#include "engine/layers/random_rotation.h"
#include "engine/layers/random_translation.h"
#include "engine/layers/random_zoom.h"
#include "engine/layers/relu.h"
#include "engine/layers/rescaling.h"
#include "engine/layers/reshape.h"
#include "engine/layers/resizing.h"
#include "engine/layers/separable_conv2d.h"
#include "engine/layers/spatial_dropout2d.h"
#include "engine/layers/up_sampling2d.h"
#include "engine/layers/zero_padding2d.h"

namespace petal {

// The closed set of layers. Visited in shape inference, compile, summary and the Keras config reader and
// writer only.
using Layer =
    std::variant<Input, Conv2D, DepthwiseConv2D, Dense, BatchNormalization, MaxPooling2D, AveragePooling2D,
                 GlobalAveragePooling2D, GlobalMaxPooling2D, Activation, ReLU, LeakyReLU, ELU, PReLU, Add,
                 Concatenate, ZeroPadding2D, Flatten, Reshape, Dropout, Rescaling, RandomFlip, RandomRotation,
                 RandomZoom, RandomTranslation, RandomCrop, RandomContrast, RandomBrightness, RandomAffine,
                 SeparableConv2D, Conv2DTranspose, Subtract, Multiply, Average, Maximum, Minimum,
                 UpSampling2D, Resizing, LayerNormalization, Normalization, Permute, Cropping2D,
                 SpatialDropout2D, GaussianDropout, GaussianNoise, ActivityRegularization>;

// Keras's class name: "Conv2D".
std::string_view kind(const Layer& layer);
// The shape of one sample of dst from those of src (both without N). Throws Error(`where`) where they do not
// fit.
Shape infer_shape(const Layer& layer, std::string_view where, std::span<const Shape> src);
// The weights in Keras's order: trainable ones first, then the statistics.
std::vector<WeightDeclaration> declare_weights(const Layer& layer, std::span<const Shape> src);
// Floating-point operations of forward for one sample; a multiply-add counts as two.
std::int64_t operations(const Layer& layer, std::span<const Shape> src);
// What backward reads of the layer's own values.
BackwardNeeds backward_needs(const Layer& layer);
// Whether training moves the layer's statistics: BatchNormalization's.
bool moves_statistics(const Layer& layer);
// Whether the layer draws random numbers while it trains.
bool draws_random_numbers(const Layer& layer);
// Whether the layer is one of the dropouts and noises (and ActivityRegularization): nothing in inference.
bool is_regularization(const Layer& layer);
// The layer's activation: of Activation, the convolutions and Dense; linear for the others.
ActivationFunction activation_of(const Layer& layer);
// Whether it changes photos at random in training: RandomFlip to RandomAffine.
bool is_augmentation(const Layer& layer);
// The layer as one that moves pixels; none for the others, and for RandomAffine, which is several.
std::optional<GeometricLayer> geometric(const Layer& layer);

}  // namespace petal
