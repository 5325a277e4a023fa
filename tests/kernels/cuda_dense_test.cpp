#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>

#include "kernels/cuda/dense/dense_kernel.h"
#include "tests/gpu_under_test.h"
#include "tests/kernels/array_error.h"
#include "tests/kernels/case_runner.h"
#include "tests/kernels/dense_cases.h"
#include "tests/kernels/described_libraries.h"

namespace petal::testing {
namespace {

using cuda::Index;
using cuda::MatrixProduct;

// A Dense of 12 channels and 10 units on 7 rows, in each direction.
class Prepared {
 public:
  static constexpr Index rows = 7, channels = 12, units = 10;

  Prepared(const Dense& layer, Direction direction, DataType src, DataType dst,
           std::optional<DataType> residual = {})
      : node_{.name = "dense",
              .layer = layer,
              .inputs = {0},
              .shape = {layer.units},
              .fused_residual = residual.has_value()},
        kernel_(Shape{channels, layer.units}),
        bias_(Shape{layer.units}),
        context_{.node = node_,
                 .direction = direction,
                 .mode = Mode::training,
                 .precision = Precision::f32,
                 .src = {{src, {rows, channels}}},
                 .dst = {dst, {rows, layer.units}},
                 .weights = {&kernel_}} {
    if (layer.use_bias) context_.weights.push_back(&bias_);
    if (residual) context_.src.push_back({*residual, {rows, layer.units}});
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  const PrepareContext& context() const { return context_; }
  const Dense& layer() const { return std::get<Dense>(node_.layer); }
  std::vector<MatrixProduct> products() const { return cuda::dense_products(layer(), context_); }

 private:
  Node node_;
  Tensor kernel_, bias_;
  PrepareContext context_;
};

// Numbers of a type, as they are rounded to it.
std::vector<std::byte> encoded(Index elements, DataType type, int seed) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(elements) * size_of(type));
  for (Index i = 0; i < elements; ++i)
    cuda::Results(bytes.data(), type)[i] = static_cast<float>((i * 37 + seed * 11) % 64 - 32) / 32.0f;
  return bytes;
}

std::vector<double> decoded(const std::vector<std::byte>& bytes, DataType type) {
  std::vector<double> numbers;
  for (std::size_t i = 0; i < bytes.size() / size_of(type); ++i)
    numbers.push_back(static_cast<double>(cuda::Numbers(bytes.data(), type)[static_cast<Index>(i)]));
  return numbers;
}

// All that a direction writes: dst; diff_src; diff_kernel and diff_bias.
std::vector<std::vector<double>> results_of(const Prepared& prepared,
                                            const std::shared_ptr<cuda::Libraries>& libraries,
                                            bool wants_diff_src = true) {
  const PrepareContext& context = prepared.context();
  const DataType src_type = context.src[0].type, dst_type = context.dst.type;
  const auto backend = make_described_backend(host_memory(), libraries);
  const std::unique_ptr<Kernel> kernel = backend->prepare(context);
  constexpr Index rows = Prepared::rows, channels = Prepared::channels, units = Prepared::units;
  const auto src = encoded(rows * channels, src_type, 1), weights = encoded(channels * units, src_type, 2),
             bias = encoded(units, DataType::f32, 3), diff_dst = encoded(rows * units, dst_type, 4);
  auto dst = encoded(rows * units, dst_type, 5);
  std::vector<std::byte> diff_src(src.size()), diff_kernel(channels * units * sizeof(float)),
      diff_bias(units * sizeof(float)), scratch(kernel->scratch_bytes());
  const std::byte* sources[] = {src.data()};
  const std::byte* bound[] = {weights.data(), bias.data()};
  std::byte* diff_sources[] = {wants_diff_src ? diff_src.data() : nullptr};
  std::byte* diff_weights[] = {diff_kernel.data(), diff_bias.data()};
  Bindings bindings;
  bindings.src = sources;
  bindings.weights = bound;
  bindings.dst = dst.data();
  bindings.diff_dst = diff_dst.data();
  bindings.diff_src = diff_sources;
  bindings.diff_weights = diff_weights;
  bindings.scratch = scratch.data();
  kernel->run(bindings);
  switch (context.direction) {
    case Direction::forward:
      return {decoded(dst, dst_type)};
    case Direction::backward_data:
      return {decoded(diff_src, src_type)};
    case Direction::backward_weights:
      break;
  }
  return {decoded(diff_kernel, DataType::f32), decoded(diff_bias, DataType::f32)};
}

constexpr Dense linear{.units = Prepared::units};
constexpr Dense relu{.units = Prepared::units, .activation = ActivationFunction::relu};
constexpr Dense sigmoid{.units = Prepared::units, .activation = ActivationFunction::sigmoid};

}  // namespace

TEST_CASE("dense layers on a GPU are the matrix products that are described, fused or not") {
  for (const bool fuses : {true, false}) {
    CAPTURE(fuses);
    const auto backend = make_described_backend({.fuses = fuses});
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16}) {
      check_forward(*backend, precision, dense_cases());
      check_backward(*backend, precision, dense_cases());
    }
  }
}

TEST_CASE("a dense layer between halves and floats multiplies halves; its bias' gradient is not rounded") {
  for (const DataType half : {DataType::bf16, DataType::f16}) {
    for (const Dense& layer : {linear, relu, sigmoid}) {
      for (const Direction direction :
           {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
        INFO(to_string(half) << " " << to_string(direction) << " " << to_string(layer.activation));
        const Prepared prepared(layer, direction, half, DataType::f32);
        const auto expected = results_of(prepared, nullptr);
        const auto found = results_of(prepared, make_described_libraries({}));
        REQUIRE(found.size() == expected.size());
        const double unit = half == DataType::bf16 ? 0x1p-8 : 0x1p-11;
        CHECK(array_error(found[0], expected[0]) <= (direction == Direction::forward ? 1e-6 : 2 * unit));
        if (found.size() > 1) CHECK(array_error(found[1], expected[1]) <= 1e-6);
        for (const MatrixProduct& product : prepared.products()) {
          CHECK(product.a.type == half);
          CHECK_FALSE(product.sums_rows_of_a);
        }
      }
    }
  }
}

TEST_CASE("what cuBLASLt has an epilogue for is fused into a dense layer's product") {
  const auto fused = [](const Dense& layer, Direction direction, DataType src, DataType dst,
                        std::optional<DataType> residual = {}) {
    const std::vector<MatrixProduct> products = Prepared(layer, direction, src, dst, residual).products();
    REQUIRE(!products.empty());
    CHECK_FALSE(products.back().is_fused());
    CHECK(products.size() == (products.front().is_fused() ? 2 : 1));
    return products.front();
  };
  const auto f32 = DataType::f32, f16 = DataType::f16;
  for (const DataType src : {f32, f16}) {
    MatrixProduct product = fused(relu, Direction::forward, src, f32);
    CHECK((product.adds_bias && product.is_relu && !product.adds_residual));
    product = fused(relu, Direction::forward, src, f32, f32);
    CHECK((product.adds_bias && product.is_relu && product.adds_residual));
    product = fused({.units = Prepared::units, .use_bias = false}, Direction::forward, src, f32);
    CHECK_FALSE(product.is_fused());
    CHECK_FALSE(fused(sigmoid, Direction::forward, src, f32).is_fused());
    CHECK_FALSE(fused(relu, Direction::backward_data, src, f32).is_fused());
  }
  CHECK_FALSE(fused(relu, Direction::forward, f16, f32, f16).is_fused());
  // A bias is of the result's type for cuBLASLt, and biases are never halves.
  CHECK_FALSE(fused(relu, Direction::forward, f16, f16).is_fused());
  CHECK(fused(sigmoid, Direction::backward_weights, f32, f32).sums_rows_of_a);
  CHECK(fused(relu, Direction::backward_weights, f16, f16).sums_rows_of_a);
  CHECK_FALSE(fused({.units = Prepared::units, .use_bias = false}, Direction::backward_weights, f32, f32)
                  .sums_rows_of_a);
}

TEST_CASE("a gradient that no one wants is not computed") {
  for (const auto& values : results_of(Prepared(relu, Direction::backward_data, DataType::f32, DataType::f32),
                                       make_described_libraries({}), false))
    CHECK(std::ranges::all_of(values, [](double value) { return value == 0; }));
}

TEST_CASE("a product's key tells all that the choice of its algorithm depends on") {
  std::set<std::string> keys;
  int products = 0;
  const auto add = [&](const Prepared& prepared) {
    for (const MatrixProduct& product : prepared.products()) {
      for (const bool tensor_float32 : {false, true}) {
        keys.insert(cuda::plan_key(product, tensor_float32));
        ++products;
      }
    }
  };
  for (const DataType type : {DataType::f32, DataType::bf16, DataType::f16}) {
    for (const Direction direction :
         {Direction::forward, Direction::backward_data, Direction::backward_weights})
      add({relu, direction, type, DataType::f32});
  }
  CHECK(products == 26);
  // Of a square kernel sizes alone do not tell forward from backward.
  constexpr Dense square{.units = Prepared::channels, .use_bias = false};
  add({square, Direction::forward, DataType::f32, DataType::f32});
  add({square, Direction::backward_data, DataType::f32, DataType::f32});
  // What is fused.
  const auto add_fused = [&](const Dense& layer, std::optional<DataType> residual) {
    const Prepared prepared(layer, Direction::forward, DataType::f32, DataType::f32, residual);
    keys.insert(cuda::plan_key(prepared.products().front(), false));
    ++products;
  };
  add_fused(linear, {});
  add_fused(linear, DataType::f32);
  add_fused(relu, DataType::f32);
  CHECK(keys.size() == products);
}

TEST_CASE("gpu: dense layers are cuBLASLt's, in each direction and precision, with what it fuses") {
  for (const auto& gpu : gpus_under_test()) {
    if (gpu->name() != "cuda") continue;
    gpu->enter();
    for (const DataType src : {DataType::f32, DataType::bf16, DataType::f16}) {
      for (const Direction direction :
           {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
        INFO(to_string(src) << " " << to_string(direction));
        const Prepared prepared(relu, direction, src, DataType::f32);
        const std::string name = gpu->prepare(prepared.context())->implementation();
        CHECK(name.starts_with("cublaslt"));
        CHECK(name.ends_with(", fused") == prepared.products().front().is_fused());
      }
    }
  }
}

}  // namespace petal::testing
