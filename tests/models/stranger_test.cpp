// A stranger's whole model, where the shared data lie beside the project: InceptionV3 with auto-numbered
// names, a head of three layers, gzip; saved by Keras 2.2.4.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "engine/plan.h"
#include "golden_case.h"
#include "io/model_file.h"
#include "kernels/cpu/backend.h"

namespace petal {
namespace {

constexpr std::int64_t size = 299;

// As in tests/golden/make_stranger.py.
void fill(float* photo, std::int64_t k) {
  for (std::int64_t y = 0; y < size; ++y)
    for (std::int64_t x = 0; x < size; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        const std::int64_t noise = (y * 7919 + x * 104729 + c * 1299709 + k * 15485863) % 65521 * 31 % 256;
        const std::int64_t wave = (x * x * (k + 1) / 256 + y * (2 * k + 3) + c * 37) % 256;
        const std::int64_t step = (x / 37 * 91 + y / 53 * 57 + c * 83 * k) % 256;
        const std::int64_t value = k == 0 ? wave : k == 1 ? (wave + step) / 2 : (3 * step + noise) / 4;
        *photo++ = static_cast<float>(static_cast<double>(value) / 255.0);
      }
}

TEST_CASE("a stranger's InceptionV3 opens with no option and predicts as Keras does") {
  const std::string name = "content_moderation_inception_v3";
  const char* folder = std::getenv("PETAL_SHARED");
  const std::filesystem::path shared =
      folder ? std::filesystem::path(folder) : std::filesystem::path(PETAL_SOURCE) / "../shared";
  const std::filesystem::path file = shared / "weights" / (name + ".h5");
  if (!std::filesystem::exists(file)) {
    MESSAGE("skipped: no ", file.string());
    return;
  }
  const auto expected = golden::read_json(golden::folder("stranger") / (name + ".json"))
                            .at("probabilities")
                            .get<std::vector<std::vector<float>>>();
  REQUIRE(expected.size() == 3);
  const Model model = load_model(file);
  Plan plan = compile(model.network.graph, model.network.weights, make_cpu_backend(2), {.batch = 1});
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CAPTURE(k);
    fill(reinterpret_cast<float*>(plan.input()), static_cast<std::int64_t>(k));
    plan.run();
    const std::span<const float> found = golden::output(plan);
    REQUIRE(found.size() == expected[k].size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[k][i]) <= 1e-5f);
  }
}

}  // namespace
}  // namespace petal
