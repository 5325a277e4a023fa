// What neither Keras's fixtures nor finite differences can tell of an operation, written out by hand for
// every backend.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/error.h"
#include "engine/random.h"
#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/prepared_case.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {

TEST_CASE("dropout keeps what the sample's own stream says, and scales it") {
  const Case item{.name = "dropout",
                  .layer = Dropout{.rate = 0.3f},
                  .src = {{8, 5, 17}},
                  .batch = 3,
                  .mode = Mode::training};
  const std::size_t each = 8 * 5 * 17;
  for (const auto& backend : backends_under_test()) {
    INFO(backend->name());
    CaseNumbers numbers = make_numbers(item, Precision::f32);
    PreparedCase prepared(*backend, item, Precision::f32, Mode::training, false, numbers);
    const RunContext& context = prepared.run_context();
    std::vector<double> expected = numbers.src[0];
    std::vector<double> gradient = numbers.diff_dst;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch,
                                context.samples[i / each], BoundCase::layer_number);
      const double factor = random.uniform(static_cast<std::uint32_t>(i % each)) < 0.3f ? 0 : 1 / (1 - 0.3);
      expected[i] *= factor;
      gradient[i] *= factor;
    }
    CHECK(array_error(prepared.forward(), expected) <= 1e-6);
    CHECK(array_error(prepared.backward_data()[0], gradient) <= 1e-6);
    const auto dropped = std::count(expected.begin(), expected.end(), 0.0);
    CHECK(static_cast<double>(dropped) / static_cast<double>(expected.size()) ==
          doctest::Approx(0.3).epsilon(0.1));
  }
}

TEST_CASE("spatial dropout keeps or drops whole channels of a sample, and scales them") {
  const Case item{
      .name = "spatial", .layer = SpatialDropout2D{.rate = 0.3f}, .src = {{3, 2, 600}}, .batch = 2};
  const std::size_t channels = 600, each = 3 * 2 * channels;
  for (const auto& backend : backends_under_test()) {
    INFO(backend->name());
    CaseNumbers numbers = make_numbers(item, Precision::f32);
    PreparedCase prepared(*backend, item, Precision::f32, Mode::training, false, numbers);
    const RunContext& context = prepared.run_context();
    std::vector<double> expected = numbers.src[0], gradient = numbers.diff_dst;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch,
                                context.samples[i / each], BoundCase::layer_number);
      const double factor =
          random.uniform(static_cast<std::uint32_t>(i % channels)) < 0.3f ? 0 : 1 / (1 - 0.3);
      expected[i] *= factor;
      gradient[i] *= factor;
    }
    CHECK(array_error(prepared.forward(), expected) <= 1e-6);
    CHECK(array_error(prepared.backward_data()[0], gradient) <= 1e-6);
    const auto dropped = std::count(expected.begin(), expected.end(), 0.0);
    CHECK(static_cast<double>(dropped) / static_cast<double>(expected.size()) ==
          doctest::Approx(0.3).epsilon(0.1));
  }
}

TEST_CASE("gaussian noise is added, and gaussian dropout multiplies, with the deviation that they name") {
  for (const bool multiplies : {false, true}) {
    const Layer layer =
        multiplies ? Layer(GaussianDropout{.rate = 0.2f}) : Layer(GaussianNoise{.stddev = 0.5f});
    const Case item{.name = "noise", .layer = layer, .src = {{40, 30, 5}}, .batch = 3};
    for (const auto& backend : backends_under_test()) {
      INFO(backend->name() << " " << kind(layer));
      CaseNumbers numbers = make_numbers(item, Precision::f32);
      std::ranges::fill(numbers.src[0], 2.0);
      PreparedCase prepared(*backend, item, Precision::f32, Mode::training, false, numbers);
      const std::vector<double> noisy = prepared.forward();
      double mean = 0, square = 0;
      for (const double value : noisy) {
        mean += (value - 2) / static_cast<double>(noisy.size());
        square += (value - 2) * (value - 2) / static_cast<double>(noisy.size());
      }
      CHECK(std::abs(mean) < 0.03);
      // Keras: sqrt(rate / (1 - rate)) = 0.5, times the 2 that it multiplies.
      CHECK(std::sqrt(square) == doctest::Approx(multiplies ? 1.0 : 0.5).epsilon(0.03));
      CHECK(noisy[0] != noisy[1]);
      CHECK(noisy[0] != noisy[40 * 30 * 5]);
    }
  }
}

TEST_CASE("rescaling takes every value that a pixel can have") {
  const Case item{.name = "pixels",
                  .layer = Rescaling{.scale = 1 / 127.5f, .offset = -1},
                  .src = {{16, 16, 1}},
                  .pixels = true};
  for (const auto& backend : backends_under_test()) {
    INFO(backend->name());
    CaseNumbers numbers = make_numbers(item, Precision::f32);
    std::iota(numbers.src[0].begin(), numbers.src[0].end(), 0);
    std::vector<double> expected;
    for (const double pixel : numbers.src[0]) expected.push_back(pixel / 127.5 - 1);
    PreparedCase prepared(*backend, item, Precision::f32, Mode::inference, true, numbers);
    CHECK(array_error(prepared.forward(), expected) <= 1e-6);
  }
}

TEST_CASE("a residual is added before the activation") {
  const ActivationFunction relu6 = ActivationFunction::relu6;
  const std::vector<Case> cases = {
      {.name = "convolution",
       .layer = Conv2D{.filters = 8, .activation = relu6},
       .src = {{1, 1, 8}},
       .residual = true},
      {.name = "depthwise",
       .layer = DepthwiseConv2D{.activation = relu6},
       .src = {{1, 1, 8}},
       .residual = true},
      {.name = "dense", .layer = Dense{.units = 8, .activation = relu6}, .src = {{8}}, .residual = true},
  };
  for (const auto& backend : backends_under_test()) {
    for (const Case& item : cases) {
      INFO(backend->name() << ", " << item.name);
      if (!backend->supports(node_of(item), Precision::f32, Direction::forward).supported) continue;
      CaseNumbers numbers = make_numbers(item, Precision::f32);
      // The layer itself does nothing but add a bias of a half: its kernel is the identity.
      std::vector<double>& kernel = numbers.weights[0];
      std::fill(kernel.begin(), kernel.end(), kernel.size() == 8 ? 1.0 : 0.0);
      for (std::size_t c = 0; c < 8 && kernel.size() == 64; ++c) kernel[c * 8 + c] = 1;
      numbers.weights[1].assign(8, 0.5);
      numbers.src[0] = {-4, -3, -2, -1, 1, 2, 3, 4};
      numbers.src[1] = {5, 2, 8, 0, -9, -2.5, 1.25, 7};
      PreparedCase prepared(*backend, item, Precision::f32, Mode::inference, true, numbers);
      CHECK(array_error(prepared.forward(), std::vector<double>{1.5, 0, 6, 0, 0, 0, 4.75, 6}) <= 1e-6);
    }
  }
}

TEST_CASE("what a backend lacks is an error that names the node") {
  const Case softmax{.name = "predictions",
                     .layer = Dense{.units = 3, .activation = ActivationFunction::softmax},
                     .src = {{4}}};
  const CaseNumbers numbers = make_numbers(softmax, Precision::f32);
  CHECK_FALSE(reference().supports(node_of(softmax), Precision::f32, Direction::forward).supported);
  PreparedCase prepared(reference(), softmax, Precision::f32, Mode::inference, true, numbers);
  CHECK_THROWS_WITH_AS(prepared.forward(), doctest::Contains("'predictions'"), Error);
}

}  // namespace petal::testing
