#include "tests/cuda_on_host.h"

#include "kernels/cuda/device_backend.h"
#include "tests/apart_backend.h"
#include "tests/host_communicator.h"

namespace petal::testing {
namespace {

class Loops final : public cuda::DeviceBackend {
 public:
  Loops(cuda::Device device, std::shared_ptr<cuda::HostQueue> queue, int replicas)
      : DeviceBackend(std::move(device)), queue_(std::move(queue)), replicas_(replicas) {}
  std::string name() const override {
    return "cuda on the host" + (replicas_ > 0 ? ", " + std::to_string(replicas_) + " devices" : "");
  }
  std::vector<std::shared_ptr<const Backend>> make_replicas() const override {
    return make_cuda_replicas_on_host(replicas_);
  }

 private:
  std::shared_ptr<cuda::HostQueue> queue_;  // the kernels point to it
  int replicas_;
};

struct Options {
  bool recorded = false;
  int replicas = 0;
  std::shared_ptr<const Communicator> communicator{};
};

std::shared_ptr<const Backend> make(const std::shared_ptr<const ApartMemory>& memory,
                                    const Options& options) {
  const auto queue = std::make_shared<cuda::HostQueue>();
  cuda::Device device{.queue = {.host = queue.get()},
                      .memory = memory,
                      .libraries = nullptr,
                      .communicator = options.communicator};
  return make_apart_backend(std::make_shared<Loops>(std::move(device), queue, options.replicas), memory,
                            options.recorded ? queue : nullptr);
}

}  // namespace

std::shared_ptr<const Backend> make_cuda_on_host(bool recorded) {
  return make(std::make_shared<ApartMemory>(), {.recorded = recorded});
}

std::shared_ptr<const Backend> make_cuda_on_host_with_replicas(int devices) {
  return make(std::make_shared<ApartMemory>(), {.replicas = devices});
}

std::vector<std::shared_ptr<const Backend>> make_cuda_replicas_on_host(int devices) {
  std::vector<std::shared_ptr<const ApartMemory>> memories;
  for (int device = 0; device < devices; ++device) memories.push_back(std::make_shared<ApartMemory>());
  const auto communicators = make_host_communicators(memories);
  std::vector<std::shared_ptr<const Backend>> replicas;
  for (std::size_t i = 0; i < memories.size(); ++i)
    replicas.push_back(make(memories[i], {.communicator = communicators[i]}));
  return replicas;
}

}  // namespace petal::testing
