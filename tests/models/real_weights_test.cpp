// The ImageNet weights on real photos, where the shared data lie beside the project.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "engine/plan.h"
#include "engine/weights.h"
#include "golden_case.h"
#include "io/dataset/image_folder.h"
#include "io/hdf5/keras_weights.h"
#include "io/image/image.h"
#include "kernels/cpu/backend.h"
#include "models/registry.h"

namespace petal {
namespace {

constexpr std::ptrdiff_t daisy = 985;  // ImageNet's class in Keras's order
constexpr std::int64_t size = 224;

std::filesystem::path shared() {
  const char* folder = std::getenv("PETAL_SHARED");
  return folder ? std::filesystem::path(folder) : std::filesystem::path(PETAL_SOURCE) / "../shared";
}

Plan imagenet_classifier(const std::filesystem::path& file) {
  const Graph graph = build_classifier(architecture("mobilenet_v2"), {.image_size = size});
  Weights weights;
  const ImportTally tally = load_keras_weights(file, graph, weights);
  CHECK(tally.parameters == 3538984);  // Keras's count for MobileNetV2 with 1000 classes
  return compile(graph, weights, make_cpu_backend(1), {.batch = 1});
}

std::ptrdiff_t best_class(Plan& plan, const std::filesystem::path& photo) {
  const Image image = read_image(photo, {.apply_exif_orientation = false});
  resize_bilinear(image, size, size, reinterpret_cast<float*>(plan.input()));
  plan.run();
  const std::span<const float> probabilities = golden::output(plan);
  return std::ranges::max_element(probabilities) - probabilities.begin();
}

TEST_CASE("mobilenet_v2 with ImageNet's weights names most daisies daisy, and few roses") {
  const std::filesystem::path file = shared() / "weights/mobilenet_v2_1.0_224.h5";
  const std::filesystem::path flowers = shared() / "data/flowers";
  if (!std::filesystem::exists(file) || !std::filesystem::exists(flowers)) {
    MESSAGE("skipped: no ", file.string(), " or no ", flowers.string());
    return;
  }
  Plan plan = imagenet_classifier(file);
  const auto share = [&](const char* flower) {
    const std::vector<Photo> photos = list_photos(flowers / flower);
    REQUIRE(photos.size() >= 40);
    const auto named = std::count_if(photos.begin(), photos.begin() + 40, [&](const Photo& photo) {
      return best_class(plan, photo.path) == daisy;
    });
    return static_cast<double>(named) / 40;
  };
  const double daisies = share("daisy");
  const double roses = share("roses");
  MESSAGE("named daisy: ", daisies, " of the daisies, ", roses, " of the roses");
  CHECK(daisies > 0.5);
  CHECK(roses < 0.25);
}

}  // namespace
}  // namespace petal
