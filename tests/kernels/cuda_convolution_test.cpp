#include <doctest/doctest.h>

#include <optional>

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
