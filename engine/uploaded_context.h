#pragma once

#include "engine/backend.h"

namespace petal {

// What a run's context has in the backend's memory, where that is apart: always at the same place.
class UploadedContext {
 public:
  UploadedContext() = default;
  // `samples`: how many a run has at most.
  UploadedContext(std::shared_ptr<const Memory> memory, std::int64_t samples);

  // The context with device_key and device_samples, which hold this one from here on in the order of what is
  // asked of the memory: sample i is itself where none are named. As it is where the memory is the host's.
  RunContext upload(const RunContext& context) const;

 private:
  std::size_t samples_ = 0;
  DeviceArray device_;  // a RunKey, and the samples
  HostMirror staging_;
};

}  // namespace petal
