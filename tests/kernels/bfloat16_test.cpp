#include "kernels/cpu/bfloat16.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "kernels/cpu/backend.h"
#include "tests/kernels/case_numbers.h"

namespace petal::testing {
namespace {

using Halfs = std::vector<std::uint16_t>;

std::vector<float> widened(const Halfs& halfs) {
  std::vector<float> floats(halfs.size());
  cpu::widen(reinterpret_cast<const std::byte*>(halfs.data()), static_cast<std::int64_t>(halfs.size()),
             floats.data());
  return floats;
}

Halfs narrowed(const std::vector<float>& floats) {
  Halfs halfs(floats.size());
  cpu::narrow(floats.data(), static_cast<std::int64_t>(floats.size()),
              reinterpret_cast<std::byte*>(halfs.data()));
  return halfs;
}

std::uint16_t narrowed(float number) {
  return narrowed(std::vector<float>{number})[0];
}

// A node on its own: its kernel for arrays of the given types, in Precision::bf16.
std::unique_ptr<Kernel> prepare(const Backend& backend, const Node& node, TensorDescription src, DataType dst,
                                const std::vector<const Tensor*>& weights) {
  return backend.prepare({.node = node,
                          .precision = Precision::bf16,
                          .src = {src},
                          .dst = {dst, node.shape.with_batch(src.shape[0])},
                          .weights = weights,
                          .constant_weights = true});
}

void run(Kernel& kernel, const void* src, void* dst) {
  const Buffer scratch(kernel.scratch_bytes());
  const std::byte* const sources[] = {static_cast<const std::byte*>(src)};
  const RunContext context;
  kernel.run({.src = sources,
              .weights = {},
              .dst = static_cast<std::byte*>(dst),
              .diff_src = {},
              .diff_weights = {},
              .scratch = scratch.data(),
              .context = &context});
}

TEST_CASE("bfloat16: every number widens to itself and back, and what is no number stays none") {
  Halfs all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  const std::vector<float> floats = widened(all);
  const Halfs again = narrowed(floats);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    REQUIRE(std::bit_cast<std::uint32_t>(floats[i]) == static_cast<std::uint32_t>(i) << 16);
    if (std::isnan(floats[i])) {
      REQUIRE(std::isnan(widened({again[i]})[0]));
    } else {
      REQUIRE(again[i] == all[i]);
    }
  }
}

TEST_CASE("bfloat16: floats go to the nearest, ties to the even one") {
  CHECK(narrowed(0x1.00p0f) == 0x3f80);
  CHECK(narrowed(0x1.01p0f) == 0x3f80);      // half way: the even one is below
  CHECK(narrowed(0x1.010002p0f) == 0x3f81);  // a bit more
  CHECK(narrowed(0x1.03p0f) == 0x3f82);      // half way: the even one is above
  CHECK(narrowed(-0x1.03p0f) == 0xbf82);
  CHECK(narrowed(0x1.ffp0f) == 0x4000);        // into the next power of two
  CHECK(narrowed(0x1.fffffep127f) == 0x7f80);  // and beyond the largest
  CHECK(narrowed(-INFINITY) == 0xff80);
  // NaNs whose upper half alone would be infinity, or that adding would carry over to zero.
  for (const std::uint32_t bits : {0x7f800001u, 0xff800001u, 0x7fffffffu, 0xffffffffu})
    CHECK(std::isnan(widened({narrowed(std::bit_cast<float>(bits))})[0]));
}

TEST_CASE("bfloat16: arrays of any length, and long ones on several threads, are converted whole") {
  for (const std::size_t length : {1u, 7u, 9u, 4095u, 4097u, 100'003u}) {
    std::vector<float> floats(length);
    for (std::size_t i = 0; i < length; ++i) floats[i] = static_cast<float>(i % 251);
    CAPTURE(length);
    CHECK(widened(narrowed(floats)) == floats);
    std::vector<float> rounded(length, 1.001f);
    cpu::round_to_bfloat16(rounded.data(), static_cast<std::int64_t>(length));
    CHECK(rounded == std::vector<float>(length, 1.0f));
  }
}

TEST_CASE("cpu: in bfloat16 kernels are rounded, biases and sums are not") {
  const auto backend = make_cpu_backend(1);
  const Node node = node_of({.name = "conv", .layer = Conv2D{.filters = 8}, .src = {{1, 1, 8}}});
  Tensor kernel({1, 1, 8, 8}), bias({8});
  for (float& number : kernel.values()) number = 1.001f;  // 1 in bfloat16
  for (float& number : bias.values()) number = 0x1p-10f;
  const Halfs ones(8, 0x3f80);
  std::vector<float> dst(8);
  const auto forward =
      prepare(*backend, node, {DataType::bf16, {1, 1, 1, 8}}, DataType::f32, {&kernel, &bias});
  run(*forward, ones.data(), dst.data());
  CHECK(dst == std::vector<float>(8, 8 + 0x1p-10f));
}

TEST_CASE("cpu: in bfloat16 float32 src is read and float32 dst written as it is") {
  const auto backend = make_cpu_backend(1);
  const Node node = node_of({.name = "scale", .layer = Rescaling{.scale = 3}, .src = {{1, 1, 3}}});
  const std::vector<float> src = {1.001f, -1 / 3.0f, 100.3f};
  std::vector<float> exact(3);
  run(*prepare(*backend, node, {DataType::f32, {1, 1, 1, 3}}, DataType::f32, {}), src.data(), exact.data());
  CHECK(exact == std::vector<float>{3 * 1.001f, 3 * (-1 / 3.0f), 3 * 100.3f});
  Halfs rounded(3);
  run(*prepare(*backend, node, {DataType::f32, {1, 1, 1, 3}}, DataType::bf16, {}), src.data(),
      rounded.data());
  CHECK(rounded == narrowed(exact));
}

// dst of a Dense layer is a float32 vector also where it reads halves.
TEST_CASE("cpu: gradients of a Dense layer from bfloat16 to float32, whose kernel's is not rounded") {
  const auto backend = make_cpu_backend(1);
  const Node node = node_of({.name = "fc", .layer = Dense{.units = 8}, .src = {{64}}});
  // Multiples of 1/8 below 2 and of 1/4: exact in bfloat16, as are their products; sums are exact in float32.
  const auto numbers = [](std::size_t count, std::size_t step, float scale) {
    std::vector<float> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(scale * (static_cast<float>((i * step) % 15) - 7));
    return all;
  };
  const std::vector<float> src = numbers(4 * 64, 7, 0.125f), kernel = numbers(64 * 8, 11, 0.125f),
                           diff_dst = numbers(4 * 8, 4, 0.25f);
  const Halfs src_halfs = narrowed(src), kernel_halfs = narrowed(kernel);
  std::vector<float> diff_kernel(64 * 8, NAN), diff_bias(8, NAN);
  Halfs diff_src(4 * 64, 0x7fff);
  const Tensor unknown({64, 8}), unknown_bias({8});
  const std::byte* const sources[] = {reinterpret_cast<const std::byte*>(src_halfs.data())};
  const std::byte* const weights[] = {reinterpret_cast<const std::byte*>(kernel_halfs.data()), nullptr};
  std::byte* const diff_weights[] = {reinterpret_cast<std::byte*>(diff_kernel.data()),
                                     reinterpret_cast<std::byte*>(diff_bias.data())};
  std::byte* const diff_sources[] = {reinterpret_cast<std::byte*>(diff_src.data())};
  const RunContext run_context;
  for (const Direction direction : {Direction::backward_data, Direction::backward_weights}) {
    const auto backward = backend->prepare({.node = node,
                                            .direction = direction,
                                            .mode = Mode::training,
                                            .precision = Precision::bf16,
                                            .src = {{DataType::bf16, {4, 64}}},
                                            .dst = {DataType::f32, {4, 8}},
                                            .weights = {&unknown, &unknown_bias}});
    const Buffer scratch(backward->scratch_bytes());
    Bindings bindings{.src = sources, .weights = weights, .diff_src = {}, .diff_weights = {}};
    bindings.diff_dst = reinterpret_cast<const std::byte*>(diff_dst.data());
    bindings.scratch = scratch.data();
    bindings.context = &run_context;
    if (direction == Direction::backward_data) bindings.diff_src = diff_sources;
    if (direction == Direction::backward_weights) bindings.diff_weights = diff_weights;
    backward->run(bindings);
  }
  for (std::size_t k = 0; k < 64; ++k) {
    for (std::size_t u = 0; u < 8; ++u) {
      float expected = 0;
      for (std::size_t n = 0; n < 4; ++n) expected += src[n * 64 + k] * diff_dst[n * 8 + u];
      CHECK(diff_kernel[k * 8 + u] == expected);
    }
  }
  for (std::size_t u = 0; u < 8; ++u)
    CHECK(diff_bias[u] == diff_dst[u] + diff_dst[8 + u] + diff_dst[16 + u] + diff_dst[24 + u]);
  std::vector<float> expected(4 * 64);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (std::size_t u = 0; u < 8; ++u) expected[i] += diff_dst[i / 64 * 8 + u] * kernel[i % 64 * 8 + u];
  }
  CHECK(diff_src == narrowed(expected));
}

TEST_CASE("cpu: in bfloat16 a result takes the memory of an input of its own type alone") {
  const auto backend = make_cpu_backend(1);
  const Node node = node_of({.name = "relu", .layer = ReLU{.max_value = 3}, .src = {{2, 2, 8}}});
  const auto in_place = [&](DataType src, DataType dst) {
    return prepare(*backend, node, {src, {1, 2, 2, 8}}, dst, {})->in_place_input();
  };
  CHECK(in_place(DataType::f32, DataType::f32) == 0);
  CHECK(in_place(DataType::bf16, DataType::bf16) == 0);
  CHECK(in_place(DataType::bf16, DataType::f32) == -1);
  CHECK(in_place(DataType::f32, DataType::bf16) == -1);
}

TEST_CASE("cpu: a layer whose src and dst are float32 runs in float32 within a bfloat16 plan") {
  const auto backend = make_cpu_backend(1);
  const Node node = node_of({.name = "fc", .layer = Dense{.units = 4, .use_bias = false}, .src = {{4}}});
  Tensor kernel({4, 4});
  for (float& number : kernel.values()) number = 1.001f;
  const std::vector<float> ones(4, 1.0f);
  std::vector<float> dst(4);
  run(*prepare(*backend, node, {DataType::f32, {1, 4}}, DataType::f32, {&kernel}), ones.data(), dst.data());
  for (const float number : dst) CHECK(number == doctest::Approx(4.004).epsilon(1e-6));
}

}  // namespace
}  // namespace petal::testing
