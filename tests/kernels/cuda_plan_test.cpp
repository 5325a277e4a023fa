#include <doctest/doctest.h>

#include <algorithm>

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
    cuda_convolution_engines(properties_of({900, 132, 232448}), {.filters = 1}, {1, 1, 1, 1},
                             Direction::forward);
    return true;
  } catch (const Error& error) {
    MESSAGE("SKIPPED: ", std::string(error.what()));
    return false;
  }
}

}  // namespace

TEST_CASE("cudnn has an engine for every convolution, on GPUs that are not there") {
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
  add(28, 128, {.filters = 256, .kernel = {3, 3}, .padding = Padding::same, .groups = 32});
  add(28, 96, {.filters = 96, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same, .groups = 96});
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
        const std::vector<CudaEngine> engines = cuda_convolution_engines(
            properties_of(gpu), layer, item.src[0].with_batch(item.batch), direction);
        CHECK_FALSE(engines.empty());
        planned += !engines.empty();
      }
    }
    MESSAGE("compute capability ", gpu.version, ": ", planned, " planned");
  }
}

TEST_CASE("cudnn has engines for convolutions of halves, with sums in float32") {
  if (!has_plugin()) return;
  int gradients = 0, float_gradients = 0;
  const std::vector<std::pair<Shape, Conv2D>> layers = {
      {{32, 224, 224, 3}, {.filters = 32, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same}},
      {{32, 56, 56, 24}, {.filters = 144}},
      {{32, 28, 28, 128}, {.filters = 128, .kernel = {3, 3}, .padding = Padding::same}},
      {{32, 17, 17, 128}, {.filters = 192, .kernel = {1, 7}, .padding = Padding::same}}};
  for (const Gpu& gpu :
       {Gpu{800, 108, 166912}, {890, 128, 101376}, {900, 132, 232448}, {1000, 148, 232448}}) {
    for (const DataType type : {DataType::bf16, DataType::f16}) {
      for (const auto& [photos, layer] : layers) {
        for (const Direction direction :
             {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
          INFO(gpu.version << " " << to_string(type) << " " << photos.to_string() << " "
                           << to_string(direction));
          const std::vector<CudaEngine> engines =
              cuda_convolution_engines(properties_of(gpu), layer, photos, direction, {}, 1, type);
          CHECK(!engines.empty());
          for (const CudaEngine& engine : engines) {
            CHECK(!engine.approximates);
            if (direction != Direction::backward_weights) CHECK(engine.kernel_type == type);
            float_gradients += engine.kernel_type == DataType::f32;
            gradients += direction == Direction::backward_weights;
          }
        }
      }
    }
  }
  // It rounds the others to halves when it writes them.
  MESSAGE("of ", gradients, " kernels' gradients ", float_gradients, " are float32");
}

TEST_CASE("cudnn fuses a residual, a bias and a relu behind a convolution, in every type that a GPU has") {
  if (!has_plugin()) return;
  const Shape photos{32, 28, 28, 128};
  const auto engines = [&](const Gpu& gpu, const Conv2D& layer, DataType type, bool residual,
                           Direction direction = Direction::forward) {
    return cuda_convolution_engines(properties_of(gpu), layer, photos, direction, {}, 1, type, residual);
  };
  for (const Gpu& gpu : {Gpu{750, 40, 65536}, {800, 108, 166912}, {900, 132, 232448}, {1000, 148, 232448}}) {
    for (const DataType type : {DataType::f32, DataType::f16, DataType::bf16}) {
      if (type == DataType::bf16 && gpu.version < 800) continue;
      for (const bool use_bias : {false, true}) {
        for (const auto activation : {ActivationFunction::linear, ActivationFunction::relu}) {
          for (const bool residual : {false, true}) {
            INFO(gpu.version << " " << to_string(type) << " " << use_bias << " " << residual << " "
                             << to_string(activation));
            const Conv2D layer{.filters = 64,
                               .kernel = {3, 3},
                               .padding = Padding::same,
                               .use_bias = use_bias,
                               .activation = activation};
            const auto found = engines(gpu, layer, type, residual);
            REQUIRE(found.size() == 1);
            CHECK(found[0].is_fused == use_bias);
            CHECK(!found[0].approximates);
          }
        }
      }
    }
  }
  // What cuDNN has no good engine for is our own; and so is what is no epilogue.
  const Gpu hopper{900, 132, 232448};
  const Conv2D cut{.filters = 64, .activation = ActivationFunction::relu6};
  REQUIRE(engines(hopper, cut, DataType::f32, false).size() == 1);
  CHECK(!engines(hopper, cut, DataType::f32, false)[0].is_fused);
  CHECK(!engines(hopper, {.filters = 64}, DataType::f32, false, Direction::backward_data)[0].is_fused);
}

TEST_CASE("cudnn's engines round products and differ from run to run only where that is asked for") {
  if (!has_plugin()) return;
  const std::string hopper = properties_of({900, 132, 232448});
  const Conv2D layer{.filters = 128, .kernel = {3, 3}, .padding = Padding::same};
  int rounding = 0, nondeterministic = 0;
  for (const Direction direction :
       {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
    INFO(to_string(direction));
    const auto engines = [&](const CudaOptions& options, std::size_t most) {
      return cuda_convolution_engines(hopper, layer, {32, 28, 28, 128}, direction, options, most);
    };
    for (const CudaEngine& engine : engines({}, 50))
      CHECK_FALSE((engine.rounds_products || engine.approximates));
    // Tensor cores are what cuDNN puts first where it may.
    const std::vector<CudaEngine> fast = engines({.tensor_float32 = true}, 1);
    REQUIRE(fast.size() == 1);
    rounding += fast[0].rounds_products;
    const std::vector<CudaEngine> all = engines({.tensor_float32 = true}, 50);
    const auto differ = [](const CudaEngine& engine) { return !engine.deterministic; };
    nondeterministic += static_cast<int>(std::ranges::count_if(all, differ));
    const std::vector<CudaEngine> equal = engines({.tensor_float32 = true, .deterministic = true}, 50);
    CHECK(!equal.empty());
    CHECK(std::ranges::none_of(equal, differ));
  }
  CHECK(rounding == 3);
  CHECK(nondeterministic > 0);
}

}  // namespace petal::testing
