#include "tests/cuda_on_host.h"

#include "kernels/cuda/device_backend.h"
#include "tests/apart_backend.h"

namespace petal::testing {
namespace {

class Loops final : public cuda::DeviceBackend {
 public:
  Loops(cuda::Device device, std::shared_ptr<cuda::HostQueue> queue)
      : DeviceBackend(std::move(device)), queue_(std::move(queue)) {}
  std::string name() const override { return "cuda on the host"; }

 private:
  std::shared_ptr<cuda::HostQueue> queue_;  // the kernels point to it
};

}  // namespace

std::shared_ptr<const Backend> make_cuda_on_host(bool recorded) {
  const auto memory = std::make_shared<ApartMemory>();
  const auto queue = std::make_shared<cuda::HostQueue>();
  cuda::Device device{.queue = {.host = queue.get()}, .memory = memory, .libraries = nullptr};
  return make_apart_backend(std::make_shared<Loops>(std::move(device), queue), memory,
                            recorded ? queue : nullptr);
}

}  // namespace petal::testing
