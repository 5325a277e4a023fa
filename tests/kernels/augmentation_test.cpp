// What augmentation keeps to on every backend: the same photo comes out the same whatever batch it is in and
// however many threads there are, and a chain in one warp is the chain.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/random.h"
#include "engine/uploaded_context.h"
#include "kernels/cpu/backend.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/guarded_array.h"
#include "tests/kernels/random_affine_cases.h"

namespace petal::testing {
namespace {

using Samples = std::vector<std::uint32_t>;

// The layer on these photos, whose pixels follow from their identities.
struct Batch {
  Shape photo{37, 52, 3};
  std::vector<float> src;
  Samples samples;

  explicit Batch(Samples of, const std::function<float(std::uint32_t, std::int64_t)>& pixel)
      : samples(std::move(of)) {
    for (const std::uint32_t sample : samples) {
      for (std::int64_t i = 0; i < photo.elements(); ++i) src.push_back(pixel(sample, i));
    }
  }

  std::vector<float> through(const Backend& backend, const Layer& layer, std::uint32_t number,
                             std::uint32_t epoch = 0, Mode mode = Mode::training,
                             bool trainable = true) const {
    const auto batch = static_cast<std::int64_t>(samples.size());
    const Shape shape = infer_shape(layer, "layer", std::span(&photo, 1));
    const Node node{.name = "layer", .layer = layer, .inputs = {0}, .shape = shape, .trainable = trainable};
    const PrepareContext context{.node = node,
                                 .mode = mode,
                                 .src = {{DataType::f32, photo.with_batch(batch)}},
                                 .dst = {DataType::f32, shape.with_batch(batch)},
                                 .weights = {},
                                 .layer = number};
    const auto kernel = backend.prepare(context);
    const auto memory = backend.memory();
    GuardedArray from(src.size() * sizeof(float), memory), to(context.dst.bytes(), memory),
        scratch(kernel->scratch_bytes(), memory);
    std::memcpy(from.data(), src.data(), from.size());
    from.upload();
    const UploadedContext uploaded(memory, batch);
    const RunContext run = uploaded.upload({.seed = 3, .epoch = epoch, .samples = samples});
    const std::byte* bound = from.bound();
    Bindings bindings;
    bindings.src = std::span(&bound, 1);
    bindings.dst = to.bound();
    bindings.scratch = scratch.bound();
    bindings.context = &run;
    backend.enter();
    kernel->begin_run(run);
    kernel->run(bindings);
    to.download();
    const auto* numbers = reinterpret_cast<const float*>(to.data());
    return {numbers, numbers + shape.elements() * batch};
  }
};

float grain(std::uint32_t sample, std::int64_t i) {
  return 255 * RandomStream(1, RandomPurpose::drawing, 0, sample).uniform(static_cast<std::uint32_t>(i));
}

std::vector<Layer> all_layers() {
  const RandomRotation turn{.factor = {-0.2f, 0.2f}};
  const RandomZoom zoom{.height_factor = {-0.2f, 0.3f}};
  return {RandomFlip{},
          turn,
          zoom,
          RandomTranslation{.height_factor = {-0.2f, 0.2f}, .width_factor = {-0.2f, 0.2f}},
          RandomCrop{.height = 20, .width = 30},
          RandomContrast{.factor = {0.5f, 0.5f}},
          RandomBrightness{.factor = {-0.3f, 0.3f}},
          RandomAffine{.parts = {{RandomFlip{}, 1}, {turn, 2}, {zoom, 3}}}};
}

std::span<const float> part_of(const std::vector<float>& values, std::size_t index, std::size_t parts) {
  const std::size_t each = values.size() / parts;
  return std::span(values).subspan(index * each, each);
}

}  // namespace

TEST_CASE("augmentation is the same for any number of threads and any batch") {
  const Samples all = {4, 0, 77, 12, 5};
  for (const Layer& layer : all_layers()) {
    CAPTURE(kind(layer));
    const std::vector<float> expected = Batch(all, grain).through(*make_cpu_backend(1), layer, 6);
    for (const int threads : {2, 3, 7}) {
      CAPTURE(threads);
      CHECK(Batch(all, grain).through(*make_cpu_backend(threads), layer, 6) == expected);
    }
    for (const auto& backend : backends_under_test()) {
      INFO(backend->name());
      const std::vector<float> whole = Batch(all, grain).through(*backend, layer, 6);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::vector<float> alone = Batch({all[i]}, grain).through(*backend, layer, 6);
        CHECK(std::ranges::equal(alone, part_of(whole, i, all.size())));
      }
    }
  }
}

TEST_CASE("epochs, photos and layers are augmented each in its own way") {
  const auto alike = [](std::uint32_t, std::int64_t i) { return grain(0, i); };
  const Batch batch({1, 2, 3, 4, 5, 6, 7, 8}, alike);
  for (const Layer& layer : all_layers()) {
    CAPTURE(kind(layer));
    for (const auto& backend : backends_under_test()) {
      INFO(backend->name());
      const std::vector<float> found = batch.through(*backend, layer, 6);
      CHECK_FALSE(found == batch.through(*backend, layer, 6, 1));
      // RandomAffine's draws are its parts'.
      if (!std::holds_alternative<RandomAffine>(layer))
        CHECK_FALSE(found == batch.through(*backend, layer, 7));
      int different = 0;
      for (std::size_t i = 1; i < 8; ++i) {
        different += !std::ranges::equal(part_of(found, 0, 8), part_of(found, i, 8));
      }
      CHECK(different > 0);
    }
  }
}

TEST_CASE("inference and frozen layers pass photos on as they are") {
  const Batch photos({0, 1, 2, 3}, grain);
  for (const Layer& layer : all_layers()) {
    if (std::holds_alternative<RandomCrop>(layer)) continue;
    CAPTURE(kind(layer));
    for (const auto& backend : backends_under_test()) {
      INFO(backend->name());
      CHECK_FALSE(photos.through(*backend, layer, 6) == photos.src);
      CHECK(photos.through(*backend, layer, 6, 0, Mode::inference) == photos.src);
      CHECK(photos.through(*backend, layer, 6, 0, Mode::training, false) == photos.src);
    }
  }
  // A crop is the middle then.
  for (const auto& backend : backends_under_test()) {
    const Layer crop = RandomCrop{.height = 20, .width = 30};
    const std::vector<float> middle = photos.through(*backend, crop, 6, 0, Mode::inference);
    CHECK(photos.through(*backend, crop, 6, 0, Mode::training, false) == middle);
    CHECK_FALSE(photos.through(*backend, crop, 6) == middle);
  }
}

TEST_CASE("flips and a crop in one are the same bits as one after the other") {
  const RandomFlip both, across{RandomFlip::Mode::horizontal};
  const RandomCrop crop{.height = 20, .width = 31};
  for (const auto& backend : backends_under_test()) {
    INFO(backend->name());
    const Batch photos({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, grain);
    Batch between = photos;
    between.src = photos.through(*backend, both, 1);
    Batch behind = between;
    behind.src = between.through(*backend, crop, 2);
    behind.photo = {20, 31, 3};
    const std::vector<float> expected = behind.through(*backend, across, 3);
    CHECK(photos.through(*backend, RandomAffine{.parts = {{both, 1}, {crop, 2}, {across, 3}}}, 9) ==
          expected);
  }
}

TEST_CASE("a chain in one reads where the chain reads") {
  // Between pixels of a slope nothing is lost by reading twice, so that both agree away from the border.
  const auto slope = [](std::uint32_t, std::int64_t i) {
    return static_cast<float>(3 * (i / 3 % 52) + 5 * (i / 3 / 52) + 40 * (i % 3));
  };
  const RandomRotation turn{.factor = {-0.03f, 0.03f}};
  const RandomZoom zoom{.height_factor = {-0.3f, -0.1f}};
  const RandomTranslation move{.height_factor = {-0.05f, 0.05f}, .width_factor = {-0.05f, 0.05f}};
  for (const auto& backend : backends_under_test()) {
    INFO(backend->name());
    const Batch photos({0, 1, 2, 3, 4, 5}, slope);
    Batch between = photos;
    between.src = photos.through(*backend, turn, 1);
    between.src = between.through(*backend, zoom, 2);
    const std::vector<float> expected = between.through(*backend, move, 3);
    const std::vector<float> found =
        photos.through(*backend, RandomAffine{.parts = {{turn, 1}, {zoom, 2}, {move, 3}}}, 9);
    double largest = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::size_t x = i / 3 % 52, y = i / 3 / 52 % 37;
      if (x < 12 || x >= 40 || y < 10 || y >= 27) continue;
      largest = std::max(largest, static_cast<double>(std::abs(found[i] - expected[i])));
    }
    CHECK(largest < 2e-3);
    CHECK_FALSE(found == photos.src);
  }
}

}  // namespace petal::testing
