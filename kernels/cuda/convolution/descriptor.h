#pragma once

#include <cudnn.h>

#include <initializer_list>
#include <memory>
#include <span>

#include "kernels/cuda/check.h"

namespace petal::cuda {

// A descriptor of cuDNN's graph interface: attributes are set, then it is finalized, then it is read and
// used.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    cudnnBackendDescriptor_t made = nullptr;
    PETAL_CUDNN("cudnn", cudnnBackendCreateDescriptor(type, &made));
    owned_.reset(made, [](void* descriptor) { cudnnBackendDestroyDescriptor(descriptor); });
  }

  cudnnBackendDescriptor_t get() const { return owned_.get(); }

  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                  std::span<const T> values) {
    PETAL_CUDNN("cudnn", cudnnBackendSetAttribute(get(), name, type, static_cast<std::int64_t>(values.size()),
                                                  values.data()));
    return *this;
  }
  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                  std::initializer_list<T> values) {
    return set(name, type, std::span<const T>(values.begin(), values.size()));
  }
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& value) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, {value.get()});
  }
  Descriptor& finalize() {
    PETAL_CUDNN("cudnn", cudnnBackendFinalize(get()));
    return *this;
  }
  // Whether the library takes it; what it does not is no error.
  bool try_finalize() { return cudnnBackendFinalize(get()) == CUDNN_STATUS_SUCCESS; }

  // Reads up to values.size() values; returns how many there are.
  template <class T>
  std::int64_t read(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                    std::span<T> values) const {
    std::int64_t count = 0;
    PETAL_CUDNN("cudnn", cudnnBackendGetAttribute(get(), name, type, static_cast<std::int64_t>(values.size()),
                                                  &count, values.data()));
    return count;
  }

 private:
  std::shared_ptr<void> owned_;
};

}  // namespace petal::cuda
