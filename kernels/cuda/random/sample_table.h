#pragma once

#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// A few numbers of each sample that the host draws before a run and a kernel reads: what augmentation draws
// is to be the same on every device, to the last bit.
template <class Entry>
class SampleTable {
 public:
  SampleTable(const Device& device, Index samples)
      : array_(device.memory, static_cast<std::size_t>(samples) * sizeof(Entry)),
        host_(device.memory, array_.data(), array_.size()),
        samples_(samples) {}

  // Entry n is draw(n); queued before what is launched next.
  template <class Draw>
  const Entry* fill(const Draw& draw) const {
    auto* entries = reinterpret_cast<Entry*>(host_.writable());
    for (Index n = 0; n < samples_; ++n) entries[n] = draw(n);
    host_.upload();
    return reinterpret_cast<const Entry*>(array_.data());
  }

 private:
  DeviceArray array_;
  HostMirror host_;
  Index samples_;
};

}  // namespace petal::cuda
