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
