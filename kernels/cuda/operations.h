#pragma once

#include "kernels/cuda/kernel.h"

// What each operation's file gives the backend: whether it runs a direction, and the kernel for it. Bodies
// read and write arrays of every type (numbers.h) and compute in float32.
namespace petal::cuda {

inline Support supports(const Input&, Direction) {
  return {false, "an input is given, not computed"};
}
Support supports(const Activation& layer, Direction direction);
Support supports(const ActivityRegularization& layer, Direction direction);
Support supports(const AveragePooling2D& layer, Direction direction);
Support supports(const BatchNormalization& layer, Direction direction);
Support supports(const Concatenate& layer, Direction direction);
Support supports(const Conv2D& layer, Direction direction);
Support supports(const Conv2DTranspose& layer, Direction direction);
Support supports(const Cropping2D& layer, Direction direction);
Support supports(const Dense& layer, Direction direction);
Support supports(const DepthwiseConv2D& layer, Direction direction);
Support supports(const Dropout& layer, Direction direction);
Support supports(const ELU& layer, Direction direction);
Support supports(const Flatten& layer, Direction direction);
Support supports(const GaussianDropout& layer, Direction direction);
Support supports(const GaussianNoise& layer, Direction direction);
Support supports(const GlobalAveragePooling2D& layer, Direction direction);
Support supports(const GlobalMaxPooling2D& layer, Direction direction);
Support supports(const LayerNormalization& layer, Direction direction);
Support supports(const LeakyReLU& layer, Direction direction);
Support supports(const MaxPooling2D& layer, Direction direction);
Support supports(const Normalization& layer, Direction direction);
Support supports(const PReLU& layer, Direction direction);
Support supports(const Permute& layer, Direction direction);
Support supports(const RandomAffine& layer, Direction direction);
Support supports(const RandomBrightness& layer, Direction direction);
Support supports(const RandomContrast& layer, Direction direction);
Support supports(const RandomCrop& layer, Direction direction);
Support supports(const RandomFlip& layer, Direction direction);
Support supports(const RandomRotation& layer, Direction direction);
Support supports(const RandomTranslation& layer, Direction direction);
Support supports(const RandomZoom& layer, Direction direction);
Support supports(const ReLU& layer, Direction direction);
Support supports(const Rescaling& layer, Direction direction);
Support supports(const Reshape& layer, Direction direction);
Support supports(const Resizing& layer, Direction direction);
Support supports(const SeparableConv2D& layer, Direction direction);
Support supports(const SpatialDropout2D& layer, Direction direction);
Support supports(const UpSampling2D& layer, Direction direction);
Support supports(const ZeroPadding2D& layer, Direction direction);

inline KernelPointer prepare(const Input&, const Device&, const PrepareContext&) {
  return nullptr;
}
KernelPointer prepare(const Activation& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const ActivityRegularization& layer, const Device& device,
                      const PrepareContext& context);
KernelPointer prepare(const AveragePooling2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const BatchNormalization& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Concatenate& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Conv2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Conv2DTranspose& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Cropping2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Dense& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const DepthwiseConv2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Dropout& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const ELU& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Flatten& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const GaussianDropout& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const GaussianNoise& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const GlobalAveragePooling2D& layer, const Device& device,
                      const PrepareContext& context);
KernelPointer prepare(const GlobalMaxPooling2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const LayerNormalization& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const LeakyReLU& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const MaxPooling2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Normalization& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const PReLU& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Permute& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomAffine& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomBrightness& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomContrast& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomCrop& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomFlip& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomRotation& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomTranslation& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const RandomZoom& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const ReLU& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Rescaling& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Reshape& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const Resizing& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const SeparableConv2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const SpatialDropout2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const UpSampling2D& layer, const Device& device, const PrepareContext& context);
KernelPointer prepare(const ZeroPadding2D& layer, const Device& device, const PrepareContext& context);

KernelPointer prepare_merge(MergeOperation operation, const Device& device, const PrepareContext& context);
template <MergeOperation of>
Support supports(const Merge<of>&, Direction direction) {
  return without_weights(direction);
}
template <MergeOperation of>
KernelPointer prepare(const Merge<of>&, const Device& device, const PrepareContext& context) {
  return prepare_merge(of, device, context);
}

// dst = src[0] + src[1] + ..., of `terms` arrays.
KernelPointer make_sum(const Device& device, DataType type, std::int64_t elements, int terms);
std::unique_ptr<LossKernel> make_loss(const Device& device, const Loss& loss, const Shape& predictions);
std::unique_ptr<UpdateKernel> make_update(const Device& device, const Optimizer& optimizer);

}  // namespace petal::cuda
