#include "tests/cuda_on_host.h"

#include "kernels/cuda/device_backend.h"
#include "tests/apart_backend.h"

namespace petal::testing {
namespace {

class Loops final : public cuda::DeviceBackend {
 public:
  using DeviceBackend::DeviceBackend;
  std::string name() const override { return "cuda on the host"; }
};

}  // namespace

std::shared_ptr<const Backend> make_cuda_on_host() {
  const auto memory = std::make_shared<ApartMemory>();
  cuda::Device device{.queue = {}, .memory = memory, .libraries = nullptr};
  return make_apart_backend(std::make_shared<Loops>(std::move(device)), memory);
}

}  // namespace petal::testing
