#include <doctest/doctest.h>

#include "tests/io/onnx_export.h"

namespace petal::testing {

TEST_CASE("separable and transposed convolutions") {
  CHECK(lines_for(graph_of(SeparableConv2D{.filters = 5,
                                           .kernel = {3, 3},
                                           .strides = {2, 2},
                                           .padding = Padding::same,
                                           .depth_multiplier = 2})) ==
        Lines{to_first,
              "layer/Conv = Conv(photo/channels_first, layer/depthwise_kernel) group=4 kernel_shape=3,3 "
              "pads=0,0,1,1 strides=2,2",
              "layer/Conv_1 = Conv(layer/Conv, layer/pointwise_kernel, layer/bias)",
              "layer = Transpose(layer/Conv_1) perm=0,2,3,1"});
  // A kernel below the stride leaves rows and columns that no pixel reaches.
  CHECK(
      lines_for(graph_of(Conv2DTranspose{.filters = 2, .kernel = {3, 2}, .strides = {2, 3}}))[1] ==
      "layer/ConvTranspose = ConvTranspose(photo/channels_first, layer/kernel, layer/bias) kernel_shape=3,2 "
      "output_padding=0,1 pads=0,0,0,0 strides=2,3");
  CHECK(lines_for(graph_of(Conv2DTranspose{.filters = 2,
                                           .kernel = {4, 3},
                                           .strides = {2, 2},
                                           .padding = Padding::same,
                                           .use_bias = false}))[1] ==
        "layer/ConvTranspose = ConvTranspose(photo/channels_first, layer/kernel) kernel_shape=4,3 "
        "output_padding=0,0 pads=1,0,1,1 strides=2,2");
  const Model model = model_of(graph_of(Conv2DTranspose{.filters = 2, .kernel = {1, 3}}));
  const onnx::ModelProto file = exported(model);
  const auto constants = constants_of(file.graph());
  CHECK(joined(constants.at("layer/kernel")->dims()) == "4,2,1,3");
  const auto kernel = numbers_of<float>(*constants.at("layer/kernel"));
  const auto own = model.network.weights.at("layer/kernel").values();
  for (std::size_t w = 0; w < 3; ++w)
    for (std::size_t o = 0; o < 2; ++o)
      for (std::size_t i = 0; i < 4; ++i) CHECK(kernel[(i * 2 + o) * 3 + w] == own[(w * 2 + o) * 4 + i]);
}

TEST_CASE("merges, of inputs of one shape and of others") {
  GraphBuilder g("merges");
  const Value photo = g.input({4, 4, 3}, "photo");
  const Value conv = g.add("conv", Conv2D{.filters = 3, .use_bias = false}, photo);
  const Value pooled = g.add("pooled", GlobalMaxPooling2D{}, conv);
  const Value scaled = g.add("scaled", Multiply{}, {pooled, conv});
  const Value mean = g.add("mean", Average{}, {conv, scaled, conv});
  const Value most = g.add("most", Maximum{}, {mean, conv});
  const Value least = g.add("least", Minimum{}, {most, conv});
  const Value less = g.add("less", Subtract{}, {photo, pooled});
  const Value out =
      g.add("out", Concatenate{}, {g.add("a", GlobalMaxPooling2D{}, least), g.add("b", Flatten{}, less)});
  CHECK(
      lines_for(std::move(g).build({out})) ==
      Lines{
          "photo/channels_first = Transpose(photo) perm=0,3,1,2",
          "conv = Conv(photo/channels_first, conv/kernel) group=1 kernel_shape=1,1 pads=0,0,0,0 strides=1,1",
          "pooled/GlobalMaxPool = GlobalMaxPool(conv)", "pooled = Flatten(pooled/GlobalMaxPool)",
          "scaled/Unsqueeze = Unsqueeze(pooled, [2,3])", "scaled = Mul(scaled/Unsqueeze, conv)",
          "mean = Mean(conv, scaled, conv)", "most = Max(mean, conv)", "least = Min(most, conv)",
          "less/Unsqueeze = Unsqueeze(pooled, [1,2])", "less = Sub(photo, less/Unsqueeze)",
          "a/GlobalMaxPool = GlobalMaxPool(least)", "a = Flatten(a/GlobalMaxPool)", "b = Flatten(less)",
          "out = Concat(a, b) axis=-1"});
}

TEST_CASE("images at another size") {
  CHECK(lines_for(graph_of(Cropping2D{{.top = 1, .bottom = 2, .left = 3, .right = 0}}))[1] ==
        "layer/Slice = Slice(photo/channels_first, [1,3], [6,6], [2,3])");
  CHECK(lines_for(graph_of(UpSampling2D{.size = {2, 3}}, {2, 1, 4})) ==
        Lines{"photo/channels_first = Transpose(photo) perm=0,3,1,2",
              "layer/Gather = Gather(photo/channels_first, [0,0,1,1]) axis=2",
              "layer/Gather_1 = Gather(layer/Gather, [0,0,0]) axis=3",
              "layer = Transpose(layer/Gather_1) perm=0,2,3,1"});
  CHECK(lines_for(graph_of(Resizing{.height = 2, .width = 3, .interpolation = Interpolation::nearest}))[1] ==
        "layer/Gather = Gather(photo/channels_first, [2,6]) axis=2");
  const onnx::ModelProto model = exported(model_of(graph_of(Resizing{.height = 4, .width = 9})));
  CHECK(lines_of(model.graph())[1] ==
        "layer/Resize = Resize(photo/channels_first, , layer/scales) "
        "coordinate_transformation_mode=half_pixel mode=linear");
  CHECK(numbers_of<float>(*constants_of(model.graph()).at("layer/scales")) ==
        std::vector<float>{1, 1, 0.5f, 1.5f});
}

TEST_CASE("normalizations") {
  CHECK(lines_for(graph_of(LayerNormalization{.epsilon = 0.25f})) ==
        Lines{"layer = LayerNormalization(photo, layer/gamma, layer/beta) axis=-1 epsilon=0.250000"});
  const onnx::ModelProto plain = exported(
      model_of(graph_of(LayerNormalization{.dimensions = 2, .scale = false, .center = false}, {3, 2, 2})));
  CHECK(lines_of(plain.graph()) ==
        Lines{"layer = LayerNormalization(photo, layer/gamma) axis=-2 epsilon=0.001000"});
  CHECK(numbers_of<float>(*constants_of(plain.graph()).at("layer/gamma")) == std::vector<float>{1, 1, 1, 1});

  GraphBuilder g("normalized");
  Value x = g.input({4, 4, 2}, "photo");
  x = g.add("first", Normalization{.mean = {1, 2}, .variance = {4, 0}}, x);
  x = g.add("conv", Conv2D{.filters = 2, .use_bias = false}, x);
  x = g.add("second", Normalization{.by_channel = false, .mean = {3}, .variance = {16}}, x);
  x = g.add("third", Rescaling{.scale = PerChannel({2, 3}), .offset = 1.0f}, x);
  const onnx::ModelProto model =
      exported(model_of(std::move(g).build({g.add("pool", GlobalMaxPooling2D{}, x)})));
  CHECK(fault_of(model.graph()) == "");
  const auto constants = constants_of(model.graph());
  CHECK(numbers_of<float>(*constants.at("first/mean")) == std::vector<float>{1, 2});
  CHECK(numbers_of<float>(*constants.at("first/deviation")) == std::vector<float>{2, 1e-7f});
  CHECK(joined(constants.at("first/deviation")->dims()) == "2");
  CHECK(numbers_of<float>(*constants.at("second/deviation")) == std::vector<float>{4});
  CHECK(joined(constants.at("third/scale")->dims()) == "2,1,1");
  CHECK(joined(constants.at("third/offset")->dims()) == "");
}

TEST_CASE("dimensions in another order") {
  CHECK(lines_for(graph_of(Permute{{3, 1, 2}})) == Lines{"layer = Transpose(photo) perm=0,3,1,2"});
}

}  // namespace petal::testing
