#include "trainer/precision_speed.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "engine/plan.h"

namespace petal {
namespace {

class TimedPlan {
 public:
  TimedPlan(const Network& network, const BackendFactory& backends, Precision precision)
      : plan_(compile(network.graph, network.weights, backends(1), {.batch = 8, .precision = precision})) {
    // Numbers in a pixel's range: zeros would become numbers that a processor is slow with.
    const std::size_t elements = plan_.inputs()[0].bytes() / sizeof(float);
    auto* pixels = reinterpret_cast<float*>(plan_.input());
    for (std::size_t i = 0; i < elements; ++i) pixels[i] = static_cast<float>(i * 37 % 256);
    plan_.run();
  }

  void time() {
    const auto start = std::chrono::steady_clock::now();
    plan_.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    fastest_ = std::min(fastest_, took.count());
  }
  double fastest() const { return fastest_; }

 private:
  Plan plan_;
  double fastest_ = std::numeric_limits<double>::infinity();
};

}  // namespace

double bf16_speed(const Network& network, const BackendFactory& backends) {
  TimedPlan f32(network, backends, Precision::f32), bf16(network, backends, Precision::bf16);
  for (int run = 0; run < 5; ++run) {
    f32.time();
    bf16.time();
  }
  return f32.fastest() / bf16.fastest();
}

}  // namespace petal
