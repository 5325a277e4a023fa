#include <doctest/doctest.h>

#include <optional>
#include <set>
#include <string>

#include "kernels/cuda/convolution/packed_convolution.h"
#include "tests/kernels/case_runner.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/depthwise_conv2d_cases.h"
#include "tests/kernels/described_libraries.h"

namespace petal::testing {

TEST_CASE("convolutions on a GPU are what is described to the library, fused or not") {
  for (const bool fuses : {true, false}) {
    for (const bool rounds_gradients : {false, true}) {
      CAPTURE(fuses);
      CAPTURE(rounds_gradients);
      const auto backend = make_described_backend({.fuses = fuses, .rounds_gradients = rounds_gradients});
      for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16}) {
        if (rounds_gradients && precision == Precision::f32) continue;
        check_forward(*backend, precision, conv2d_cases());
        check_backward(*backend, precision, conv2d_cases());
        check_forward(*backend, precision, depthwise_conv2d_cases());
        check_backward(*backend, precision, depthwise_conv2d_cases());
      }
    }
  }
}

TEST_CASE("a convolution's key tells all that the choice of its engine depends on") {
  struct Problem {
    cuda::ConvolutionGeometry geometry{};
    Direction direction = Direction::forward;
    DataType type = DataType::f32;
    cuda::Exactness exactness{};
    cuda::Fusion fusion{};
  };
  std::set<std::string> keys;
  std::size_t problems = 0;
  const auto add = [&](const Problem& p) {
    keys.insert(cuda::plan_key(p.geometry, p.direction, p.type, p.exactness, p.fusion));
    ++problems;
  };
  add({});
  for (const Direction direction : {Direction::backward_data, Direction::backward_weights})
    add({.direction = direction});
  for (const DataType type : {DataType::bf16, DataType::f16}) add({.type = type});
  for (const auto flag : {&cuda::Exactness::tensor_float32, &cuda::Exactness::deterministic}) {
    Problem problem;
    problem.exactness.*flag = true;
    add(problem);
  }
  for (const auto flag : {&cuda::Fusion::residual, &cuda::Fusion::bias, &cuda::Fusion::relu}) {
    Problem problem;
    problem.fusion.*flag = true;
    add(problem);
  }
  constexpr int sizes = 16;
  for (int i = 0; i < sizes; ++i) {
    Problem problem;
    cuda::ConvolutionGeometry& g = problem.geometry;
    Window& w = g.window;
    std::int64_t* const size[sizes] = {
        &g.src.batch,      &g.src.height,     &g.src.width,       &g.src.channels,
        &g.dst.channels,   &g.groups,         &w.kernel.height,   &w.kernel.width,
        &w.strides.height, &w.strides.width,  &w.dilation.height, &w.dilation.width,
        &w.padding.top,    &w.padding.bottom, &w.padding.left,    &w.padding.right};
    *size[i] = 7;
    add(problem);
  }
  CHECK(keys.size() == problems);
}

TEST_CASE("what cuDNN has good engines for is asked for behind a convolution") {
  const auto f32 = DataType::f32, f16 = DataType::f16;
  struct Asked {
    cuda::Fusion fusion;
    DataType type;
  };
  const auto asked = [](const Conv2D& layer, DataType src, DataType dst,
                        std::optional<DataType> residual = {}) {
    const Node node{.name = "conv",
                    .layer = layer,
                    .inputs = {0},
                    .shape = {5, 4, 8},
                    .fused_residual = residual.has_value()};
    PrepareContext context{
        .node = node, .src = {{src, {2, 5, 4, 3}}}, .dst = {dst, {2, 5, 4, 8}}, .weights = {}};
    if (residual) context.src.push_back({*residual, {2, 5, 4, 8}});
    const cuda::ConvolutionLayer described{
        .geometry = {}, .use_bias = layer.use_bias, .activation = layer.activation};
    const DataType type = cuda::convolution_type(context, described);
    return Asked{cuda::convolution_fusion(context, described, type), type};
  };
  const Conv2D linear{.filters = 8}, relu{.filters = 8, .activation = ActivationFunction::relu},
      no_bias{.filters = 8, .use_bias = false, .activation = ActivationFunction::relu},
      relu6{.filters = 8, .activation = ActivationFunction::relu6};
  for (const DataType type : {f32, f16}) {
    CHECK(asked(linear, type, type).fusion == cuda::Fusion{.residual = false, .bias = true});
    CHECK(asked(relu, type, type).fusion == cuda::Fusion{.residual = false, .bias = true, .relu = true});
    CHECK(asked(relu, type, type, type).fusion == cuda::Fusion{.residual = true, .bias = true, .relu = true});
    CHECK_FALSE(asked(no_bias, type, type).fusion.any());
    CHECK_FALSE(asked(relu6, type, type).fusion.any());
    CHECK(asked(relu, type, type).type == type);
  }
  // Between types it is a convolution of floats, whose result is no half.
  CHECK(asked(relu, f16, f32).type == f32);
  CHECK(asked(relu, f32, f16).type == f32);
  CHECK(asked(relu, f16, f32).fusion.any());
  CHECK_FALSE(asked(relu, f32, f16).fusion.any());
  CHECK_FALSE(asked(relu, f16, f16, f32).fusion.any());
}

}  // namespace petal::testing
