#include <doctest/doctest.h>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/vectors.h"
#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/case_numbers.h"
#include "tests/kernels/case_runner.h"
#include "tests/kernels/prepared_case.h"

// Which convolutions the CPU backend runs as Winograd, and what that costs in exactness; that they are right
// is in Conv2D's cases.
namespace petal::testing {
namespace {

// Every kind of tile, with rows and columns left over, and the epilogues.
std::vector<Case> winograd_cases() {
  const Padding uneven = Padding::explicitly({.top = 2, .bottom = 0, .left = 0, .right = 1});
  const auto relu = ActivationFunction::relu;
  const auto relu6 = ActivationFunction::relu6;
  const auto same = [](std::int64_t filters, Size2D kernel) {
    return Conv2D{.filters = filters, .kernel = kernel, .padding = Padding::same};
  };
  Conv2D clipped = same(24, {3, 3}), rectified = same(16, {3, 3}), plain = same(16, {3, 3});
  clipped.activation = relu6;
  rectified.activation = relu;
  plain.use_bias = false;
  return {
      {.name = "3x3 same, whole tiles", .layer = plain, .src = {{12, 12, 16}}, .batch = 2},
      {.name = "3x3 same, residual and relu",
       .layer = rectified,
       .src = {{11, 10, 16}},
       .batch = 3,
       .residual = true},
      {.name = "3x3 same, 24 filters, relu6",
       .layer = clipped,
       .src = {{11, 12, 16}},
       .batch = 2,
       .magnitude = 4},
      {.name = "3x3 valid",
       .layer = Conv2D{.filters = 32, .kernel = {3, 3}, .activation = relu},
       .src = {{13, 14, 8}},
       .batch = 3},
      {.name = "3x3, uneven pads",
       .layer = Conv2D{.filters = 16, .kernel = {3, 3}, .padding = uneven},
       .src = {{12, 12, 16}},
       .batch = 2},
      {.name = "5x5 same", .layer = same(16, {5, 5}), .src = {{9, 10, 16}}, .batch = 2},
      {.name = "3x5 same", .layer = same(16, {3, 5}), .src = {{11, 8, 16}}, .batch = 2},
      {.name = "5x3 same", .layer = same(16, {5, 3}), .src = {{8, 11, 16}}, .batch = 2},
      {.name = "1x3 same", .layer = same(32, {1, 3}), .src = {{8, 11, 32}}, .batch = 2},
      {.name = "3x1 same", .layer = same(32, {3, 1}), .src = {{11, 8, 32}}, .batch = 2},
      {.name = "1x5 same", .layer = same(32, {1, 5}), .src = {{9, 10, 32}}, .batch = 2},
      {.name = "5x1 same", .layer = same(32, {5, 1}), .src = {{10, 9, 32}}, .batch = 2},
      {.name = "1x7 same, more tiles than a block",
       .layer = same(16, {1, 7}),
       .src = {{7, 15, 16}},
       .batch = 4},
      {.name = "7x1 same", .layer = same(16, {7, 1}), .src = {{15, 7, 16}}, .batch = 3},
      {.name = "1x7 same, 264 channels in two blocks", .layer = same(24, {1, 7}), .src = {{3, 16, 264}}},
  };
}

// Images so large that even a kernel that is packed for each run pays.
std::vector<Case> bound_winograd_cases() {
  const auto relu = ActivationFunction::relu;
  const Padding uneven = Padding::explicitly({.top = 2, .bottom = 0, .left = 0, .right = 1});
  return {
      {.name = "3x3 valid, bound",
       .layer = Conv2D{.filters = 16, .kernel = {3, 3}, .activation = relu},
       .src = {{51, 50, 32}},
       .batch = 2},
      {.name = "3x3, uneven pads, bound",
       .layer = Conv2D{.filters = 24, .kernel = {3, 3}, .padding = uneven},
       .src = {{50, 50, 16}},
       .batch = 2},
      {.name = "3x5 same, bound",
       .layer = Conv2D{.filters = 16, .kernel = {3, 5}, .padding = Padding::same, .use_bias = false},
       .src = {{46, 50, 24}},
       .batch = 2},
  };
}

TEST_CASE("Conv2D as Winograd") {
  for (const auto& backend : backends_under_test()) {
    check_forward(*backend, Precision::f32, winograd_cases());
    check_forward(*backend, Precision::f32, bound_winograd_cases());
    check_backward(*backend, Precision::f32, bound_winograd_cases());
  }
}

struct Run {
  std::string implementation;
  std::vector<double> dst;
};

std::string backward_implementation(const Case& item) {
  const auto backend = make_cpu_backend(1);
  BoundCase bound(*backend, item, Precision::f32, Mode::training, false, make_numbers(item, Precision::f32));
  return bound.kernel(Direction::backward_data).implementation();
}

Run run(const Case& item, int threads, bool constant_weights = true) {
  const auto backend = make_cpu_backend(threads);
  const CaseNumbers numbers = make_numbers(item, Precision::f32);
  BoundCase bound(*backend, item, Precision::f32, Mode::inference, constant_weights, numbers);
  PreparedCase prepared(*backend, item, Precision::f32, Mode::inference, constant_weights, numbers);
  return {bound.kernel(Direction::forward).implementation(), prepared.forward()};
}

bool is_winograd(const Run& run) {
  return run.implementation == cpu::vectors_name() + "_winograd";
}

Case convolution(Size2D kernel, std::int64_t filters, const Shape& src, std::int64_t batch) {
  return {.name = "convolution",
          .layer = Conv2D{.filters = filters, .kernel = kernel, .padding = Padding::same},
          .src = {src},
          .batch = batch};
}

TEST_CASE("Winograd runs small kernels with strides of 1 where it pays") {
  if (!cpu::has_avx2()) {
    MESSAGE("skipped: it is for AVX2 and AVX-512");
    return;
  }
  for (const Case& item : winograd_cases()) {
    CAPTURE(item.name);
    CHECK(is_winograd(run(item, 1)));
    CHECK_FALSE(is_winograd(run(item, 1, false)));
  }
  for (const Case& item : bound_winograd_cases()) {
    CAPTURE(item.name);
    CHECK(is_winograd(run(item, 1, false)));
    CHECK(backward_implementation(item) == cpu::vectors_name() + "_winograd");
  }
  // The kernel of so many filters takes longer to come from memory than one photo's product takes.
  CHECK_FALSE(is_winograd(run(convolution({3, 3}, 512, {7, 7, 512}, 1), 1)));
  CHECK(is_winograd(run(convolution({3, 3}, 512, {7, 7, 512}, 4), 1)));
  CHECK_FALSE(is_winograd(run(convolution({1, 1}, 64, {14, 14, 64}, 4), 1)));
  CHECK_FALSE(is_winograd(run(convolution({7, 7}, 64, {14, 14, 64}, 4), 1)));
  CHECK_FALSE(is_winograd(run(convolution({2, 2}, 64, {14, 14, 64}, 4), 1)));
  CHECK_FALSE(is_winograd(run(convolution({3, 3}, 64, {14, 14, 60}, 4), 1)));
}

TEST_CASE("Winograd on two threads gives the bits of one") {
  // Divided by tiles; by filters, as the kernel is larger than the image.
  for (const Case& item :
       {convolution({3, 3}, 64, {30, 29, 32}, 2), convolution({3, 3}, 136, {10, 11, 128}, 2)}) {
    const Run one = run(item, 1), two = run(item, 2);
    CHECK(is_winograd(one) == cpu::has_avx2());
    CHECK(one.implementation == two.implementation);
    if (cpu::has_avx2()) CHECK(one.dst == two.dst);
  }
}

TEST_CASE("Winograd's rounding errors are a few times those of the sum of products") {
  // The largest difference over the largest number. With Lavin's points the first is 5e-6.
  struct Bound {
    Case item;
    double error;
  };
  for (const Bound& bound : {Bound{convolution({3, 3}, 16, {24, 24, 64}, 1), 2e-6},
                             Bound{convolution({5, 5}, 16, {24, 24, 64}, 1), 2e-6},
                             Bound{convolution({1, 7}, 16, {24, 24, 64}, 1), 4e-6}}) {
    const Run found = run(bound.item, 1);
    CHECK(is_winograd(found) == cpu::has_avx2());
    PreparedCase exact(reference(), bound.item, Precision::f64, Mode::inference, true,
                       make_numbers(bound.item, Precision::f32));
    const double error = array_error(found.dst, exact.forward());
    MESSAGE(found.implementation << ": " << error);
    CHECK(error <= bound.error);
  }
}

}  // namespace
}  // namespace petal::testing
