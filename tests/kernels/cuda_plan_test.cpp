#include <doctest/doctest.h>

#include "engine/error.h"
#include "kernels/cuda/backend.h"
#include "tests/kernels/conv2d_cases.h"

namespace petal::testing {
namespace {

struct Gpu {
  int version, processors, shared_bytes;
};

// What cuDNN plans for is this text; no such device need be there.
std::string properties_of(const Gpu& gpu) {
  return R"({"deviceName":"","cudaDeviceId":0,"deviceVer":)" + std::to_string(gpu.version) +
         R"(,"driverVer":13000,"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],)"
         R"("regsPerBlock":65536,"multiProcessorCount":)" +
         std::to_string(gpu.processors) +
         R"(,"smClockRateKHz":1700000,"memClockRateKHz":2000000,"l2CacheSize":41943040,"warpSize":32,)"
         R"("maxSharedMemoryPerBlock":49152,"maxSharedMemoryPerBlockOptin":)" +
         std::to_string(gpu.shared_bytes) +
         R"(,"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,"pciDeviceId":0,"maxCtasPerSM":32,)"
         R"("maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"isTccDriver":0,"supportCoopLaunch":1,)"
         R"("totalGlobalMem":40000000000})";
}

bool has_plugin() {
  try {
    cuda_convolution_engine(properties_of({900, 132, 232448}), {.filters = 1}, {1, 1, 1, 1},
                            Direction::forward);
    return true;
  } catch (const Error& error) {
    MESSAGE("SKIPPED: ", std::string(error.what()));
    return false;
  }
}

}  // namespace

TEST_CASE("cudnn has an engine for every convolution of one group, on GPUs that are not there") {
  if (!has_plugin()) return;
  std::vector<Case> cases = conv2d_cases();
  const auto add = [&](std::int64_t size, std::int64_t channels, const Conv2D& layer) {
    cases.push_back({.name = "of a network", .layer = layer, .src = {{size, size, channels}}, .batch = 32});
  };
  add(224, 3, {.filters = 32, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same});
  add(224, 3,
      {.filters = 64, .kernel = {7, 7}, .strides = {2, 2}, .padding = Padding::explicitly({3, 3, 3, 3})});
  add(56, 24, {.filters = 144});
  add(28, 128, {.filters = 128, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same});
  add(17, 128, {.filters = 192, .kernel = {1, 7}, .padding = Padding::same});
  // Turing, Ampere, Ada, Hopper, Blackwell.
  for (const Gpu& gpu : {Gpu{750, 40, 65536},
                         {800, 108, 166912},
                         {890, 128, 101376},
                         {900, 132, 232448},
                         {1000, 148, 232448}}) {
    int planned = 0;
    for (const Case& item : cases) {
      const auto& layer = std::get<Conv2D>(item.layer);
      for (const Direction direction :
           {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
        INFO(gpu.version << " " << item.name << " " << to_string(direction));
        const std::string engine =
            cuda_convolution_engine(properties_of(gpu), layer, item.src[0].with_batch(item.batch), direction);
        CHECK(engine.empty() == (layer.groups != 1));
        planned += !engine.empty();
      }
    }
    MESSAGE("compute capability ", gpu.version, ": ", planned, " planned");
  }
}

}  // namespace petal::testing
