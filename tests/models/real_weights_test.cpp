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

Plan imagenet_classifier(const char* model, float alpha, const std::filesystem::path& file,
                         std::int64_t parameters) {
  const Graph graph = build_classifier(architecture(model), {.image_size = size, .alpha = alpha});
  Weights weights;
  const ImportTally tally = load_keras_weights(file, graph, weights);
  CHECK(tally.parameters == parameters);
  return compile(graph, weights, make_cpu_backend(1), {.batch = 1});
}

std::ptrdiff_t best_class(Plan& plan, const std::filesystem::path& photo) {
  const Image image = read_image(photo, {.apply_exif_orientation = false});
  resize_bilinear(image, size, size, reinterpret_cast<float*>(plan.input()));
  plan.run();
  const std::span<const float> probabilities = golden::output(plan);
  return std::ranges::max_element(probabilities) - probabilities.begin();
}

// Of the first photos of that flower.
double share_named_daisy(Plan& plan, const std::filesystem::path& flower) {
  constexpr std::ptrdiff_t count = 40;
  const std::vector<Photo> photos = list_photos(flower);
  REQUIRE(std::ssize(photos) >= count);
  const auto named = std::count_if(photos.begin(), photos.begin() + count,
                                   [&](const Photo& photo) { return best_class(plan, photo.path) == daisy; });
  return static_cast<double>(named) / static_cast<double>(count);
}

// `parameters`: Keras's count with 1000 classes.
void check_daisies(const char* model, float alpha, const char* weights, std::int64_t parameters) {
  const std::filesystem::path file = shared() / "weights" / weights, flowers = shared() / "data/flowers";
  if (!std::filesystem::exists(file) || !std::filesystem::exists(flowers)) {
    MESSAGE("skipped: no ", file.string(), " or no ", flowers.string());
    return;
  }
  Plan plan = imagenet_classifier(model, alpha, file, parameters);
  const double daisies = share_named_daisy(plan, flowers / "daisy");
  const double roses = share_named_daisy(plan, flowers / "roses");
  MESSAGE("named daisy: ", daisies, " of the daisies, ", roses, " of the roses");
  CHECK(daisies > 0.5);
  CHECK(roses < 0.25);
}

TEST_CASE("mobilenet_v2 with ImageNet's weights names most daisies daisy, and few roses") {
  check_daisies("mobilenet_v2", 1.0f, "mobilenet_v2_1.0_224.h5", 3538984);
}

TEST_CASE("mobilenet with ImageNet's weights of Keras 2.1.4 names most daisies daisy, and few roses") {
  check_daisies("mobilenet", 0.75f, "mobilenet_0.75_224.h5", 2601976);
}

}  // namespace
}  // namespace petal
