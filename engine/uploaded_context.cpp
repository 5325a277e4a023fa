#include "engine/uploaded_context.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace petal {

UploadedContext::UploadedContext(std::shared_ptr<const Memory> memory, std::int64_t samples)
    : samples_(static_cast<std::size_t>(samples)) {
  if (!memory->is_apart()) return;
  device_ = DeviceArray(memory, sizeof(RunKey) + samples_ * sizeof(std::uint32_t));
  staging_ = HostMirror(memory, device_.data(), device_.size());
}

RunContext UploadedContext::upload(const RunContext& context) const {
  if (device_.size() == 0) return context;
  std::byte* staging = staging_.writable();
  const RunKey key{context.seed, context.epoch};
  std::memcpy(staging, &key, sizeof(key));
  const std::span samples(reinterpret_cast<std::uint32_t*>(staging + sizeof(key)), samples_);
  std::iota(samples.begin(), samples.end(), 0u);
  std::copy_n(context.samples.begin(), std::min(samples_, context.samples.size()), samples.begin());
  staging_.upload();
  RunContext uploaded = context;
  uploaded.device_key = reinterpret_cast<const RunKey*>(device_.data());
  uploaded.device_samples = reinterpret_cast<const std::uint32_t*>(device_.data() + sizeof(key));
  return uploaded;
}

}  // namespace petal
