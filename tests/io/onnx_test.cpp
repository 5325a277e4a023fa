#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/onnx/onnx_file.h"
#include "tests/io/keras_config_fixtures.h"
#include "tests/io/onnx_export.h"
#include "tests/io/tiny_network.h"
#include "tests/temporary_folder.h"

namespace petal::testing {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> metadata_of(const onnx::ModelProto& model) {
  std::map<std::string, std::string> metadata;
  for (const auto& entry : model.metadata_props()) metadata[entry.key()] = entry.value();
  return metadata;
}

template <std::size_t... I>
std::set<std::string> classes_of(std::index_sequence<I...>) {
  return {std::string(std::variant_alternative_t<I, Layer>::kind)...};
}

}  // namespace

TEST_CASE("an ONNX file says what it is, and what goes in and out") {
  const onnx::ModelProto model = exported(model_of(every_layer()));
  CHECK(model.ir_version() == 8);
  REQUIRE(model.opset_import_size() == 1);
  CHECK(model.opset_import(0).domain() == "");
  CHECK(model.opset_import(0).version() == 17);
  CHECK(model.producer_name() == "petal");
  CHECK(!model.producer_version().empty());
  CHECK(model.doc_string().find("0..255") != std::string::npos);
  CHECK(model.graph().name() == "every_layer");
  REQUIRE(model.graph().input_size() == 1);
  CHECK(model.graph().input(0).name() == "photo");
  CHECK(dims_of(model.graph().input(0)) == "N,19,23,4");
  CHECK(model.graph().input(0).type().tensor_type().elem_type() == onnx::TensorProto::FLOAT);
  REQUIRE(model.graph().output_size() == 1);
  CHECK(model.graph().output(0).name() == "probabilities");
  CHECK(dims_of(model.graph().output(0)) == "N,3");
}

TEST_CASE("every class of layer exports, in order, with each name once") {
  const Graph graph = every_layer();
  std::set<std::string> present;
  for (const Node& node : graph.nodes()) present.insert(std::string(kind(node.layer)));
  std::set<std::string> classes = classes_of(std::make_index_sequence<std::variant_size_v<Layer>>());
  classes.erase(std::string(RandomAffine::kind));  // a pass's, of layers that are there
  CHECK(present == classes);
  const onnx::ModelProto model = exported(model_of(graph));
  CHECK(fault_of(model.graph()) == "");
  std::set<std::string> values;
  for (const auto& node : model.graph().node()) values.insert(node.output(0));
  for (const char* name : {"rescale", "conv", "add", "norm", "largest", "join", "flat", "hidden"}) {
    CHECK_MESSAGE(values.contains(name), name);
  }
  for (const char* name : {"flip", "turn", "zoom", "move", "contrast", "brightness", "dropout"}) {
    CHECK_MESSAGE(!values.contains(name), name);
  }
}

TEST_CASE("a network of images turns around once") {
  const onnx::ModelProto model = exported(model_of(tiny_network(given_names)));
  CHECK(fault_of(model.graph()) == "");
  Lines operations;
  for (const auto& node : model.graph().node()) operations.push_back(node.op_type());
  CHECK(operations == Lines{"Transpose", "Conv", "BatchNormalization", "Relu", "Conv", "Conv",
                            "BatchNormalization", "Conv", "Conv", "Add", "GlobalAveragePool", "Flatten",
                            "Gemm"});
}

TEST_CASE("weights keep every bit, in ONNX's order of axes") {
  GraphBuilder g("weights");
  Value x = g.input({5, 5, 4}, "photo");
  x = g.add("conv", Conv2D{.filters = 6, .kernel = {3, 2}, .groups = 2}, x);
  x = g.add("depthwise", DepthwiseConv2D{.kernel = {2, 3}, .depth_multiplier = 2}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("dense", Dense{.units = 3}, x);
  Model model = model_of(std::move(g).build({x}));
  // Not a number, with a payload, and a negative zero: bits that arithmetic would lose.
  const auto odd = std::bit_cast<float>(0x7fa12345u);
  model.network.weights.edit("dense/bias").values()[1] = odd;
  model.network.weights.edit("dense/bias").values()[2] = -0.0f;
  const onnx::ModelProto file = exported(model);
  const auto constants = constants_of(file.graph());
  const auto bits = [](float number) { return std::bit_cast<std::uint32_t>(number); };

  const auto kernel = numbers_of<float>(*constants.at("conv/kernel"));
  CHECK(joined(constants.at("conv/kernel")->dims()) == "6,2,3,2");
  const auto& own = model.network.weights.at("conv/kernel");
  REQUIRE(own.shape() == Shape{3, 2, 2, 6});
  for (std::size_t h = 0; h < 3; ++h)
    for (std::size_t w = 0; w < 2; ++w)
      for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t o = 0; o < 6; ++o)
          CHECK(kernel[((o * 2 + i) * 3 + h) * 2 + w] == own.values()[((h * 2 + w) * 2 + i) * 6 + o]);

  const auto depthwise = numbers_of<float>(*constants.at("depthwise/depthwise_kernel"));
  CHECK(joined(constants.at("depthwise/depthwise_kernel")->dims()) == "12,1,2,3");
  const auto& own_depthwise = model.network.weights.at("depthwise/depthwise_kernel");
  REQUIRE(own_depthwise.shape() == Shape{2, 3, 6, 2});
  for (std::size_t h = 0; h < 2; ++h)
    for (std::size_t w = 0; w < 3; ++w)
      for (std::size_t o = 0; o < 12; ++o)  // 2 * channel + multiplier in both
        CHECK(depthwise[(o * 2 + h) * 3 + w] == own_depthwise.values()[(h * 3 + w) * 12 + o]);

  for (const char* name : {"conv/bias", "depthwise/bias", "dense/kernel", "dense/bias"}) {
    CAPTURE(name);
    CHECK(std::ranges::equal(numbers_of<float>(*constants.at(name)), model.network.weights.at(name).values(),
                             {}, bits, bits));
  }
}

TEST_CASE("convolutions: windows, groups, biases, activations") {
  // Stride 2 on an even size: `same` pads only the far side.
  CHECK(lines_for(graph_of(Conv2D{.filters = 6,
                                  .kernel = {3, 2},
                                  .strides = {2, 1},
                                  .padding = Padding::same,
                                  .groups = 2,
                                  .use_bias = false})) ==
        Lines{to_first,
              "layer/Conv = Conv(photo/channels_first, layer/kernel) group=2 kernel_shape=3,2 pads=0,0,1,1 "
              "strides=2,1",
              "layer = Transpose(layer/Conv) perm=0,2,3,1"});
  CHECK(lines_for(graph_of(Conv2D{.filters = 5,
                                  .kernel = {3, 3},
                                  .padding = Padding::same,
                                  .dilation = {2, 1},
                                  .activation = ActivationFunction::relu}))[1] ==
        "layer/Conv = Conv(photo/channels_first, layer/kernel, layer/bias) dilations=2,1 group=1 "
        "kernel_shape=3,3 pads=2,1,2,1 strides=1,1");
  CHECK(lines_for(graph_of(Conv2D{.padding = Padding::explicitly({1, 2, 3, 4})}))[1] ==
        "layer/Conv = Conv(photo/channels_first, layer/kernel, layer/bias) group=1 kernel_shape=1,1 "
        "pads=1,3,2,4 strides=1,1");
  CHECK(lines_for(graph_of(DepthwiseConv2D{
            .kernel = {5, 3}, .depth_multiplier = 2, .activation = ActivationFunction::softmax})) ==
        Lines{to_first,
              "layer/Conv = Conv(photo/channels_first, layer/depthwise_kernel, layer/bias) group=4 "
              "kernel_shape=5,3 pads=0,0,0,0 strides=1,1",
              "layer/Softmax = Softmax(layer/Conv) axis=1", "layer = Transpose(layer/Softmax) perm=0,2,3,1"});
  CHECK(lines_for(
            graph_of(Dense{.units = 2, .use_bias = false, .activation = ActivationFunction::softmax}, {7})) ==
        Lines{"layer/Gemm = Gemm(photo, layer/kernel)", "layer = Softmax(layer/Gemm) axis=-1"});
}

TEST_CASE("pooling: real elements alone count, and the image's dimensions stay or go") {
  CHECK(lines_for(graph_of(AveragePooling2D{.pool = {2, 3}, .strides = {2, 1}, .padding = Padding::same},
                           {5, 6, 4}))[1] ==
        "layer/AveragePool = AveragePool(photo/channels_first) count_include_pad=0 kernel_shape=2,3 "
        "pads=0,1,1,1 "
        "strides=2,1");
  CHECK(lines_for(graph_of(MaxPooling2D{.pool = {3, 3}, .strides = {2, 2}}))[1] ==
        "layer/MaxPool = MaxPool(photo/channels_first) kernel_shape=3,3 pads=0,0,0,0 strides=2,2");
  CHECK(lines_for(graph_of(GlobalAveragePooling2D{})) ==
        Lines{to_first, "layer/GlobalAveragePool = GlobalAveragePool(photo/channels_first)",
              "layer = Flatten(layer/GlobalAveragePool)"});
  CHECK(lines_for(graph_of(GlobalMaxPooling2D{.keepdims = true})) ==
        Lines{to_first, "layer/GlobalMaxPool = GlobalMaxPool(photo/channels_first)",
              "layer = Transpose(layer/GlobalMaxPool) perm=0,2,3,1"});
}

TEST_CASE("batch norm has a scale and a shift in ONNX, with or without those of the layer") {
  const onnx::ModelProto model = exported(
      model_of(graph_of(BatchNormalization{.epsilon = 0.25f, .scale = false, .center = false}, {2, 3})));
  CHECK(lines_of(model.graph()) ==
        Lines{"photo/channels_first = Transpose(photo) perm=0,2,1",
              "layer/BatchNormalization = BatchNormalization(photo/channels_first, layer/gamma, layer/beta, "
              "layer/moving_mean, layer/moving_variance) epsilon=0.250000",
              "layer = Transpose(layer/BatchNormalization) perm=0,2,1"});
  const auto constants = constants_of(model.graph());
  CHECK(numbers_of<float>(*constants.at("layer/gamma")) == std::vector<float>{1, 1, 1});
  CHECK(numbers_of<float>(*constants.at("layer/beta")) == std::vector<float>{0, 0, 0});
  CHECK(numbers_of<float>(*constants.at("layer/moving_variance")) == std::vector<float>{4, 5, 6});
}

TEST_CASE("activations, and what they read") {
  const auto line = [](ActivationFunction function) {
    return lines_for(graph_of(Activation{function}, {7}))[0];
  };
  CHECK(line(ActivationFunction::relu) == "layer = Relu(photo)");
  CHECK(line(ActivationFunction::sigmoid) == "layer = Sigmoid(photo)");
  CHECK(line(ActivationFunction::softmax) == "layer = Softmax(photo) axis=-1");
  CHECK(line(ActivationFunction::linear) == "layer = Identity(photo)");
  const onnx::ModelProto model = exported(model_of(graph_of(Activation{ActivationFunction::relu6}, {7})));
  CHECK(lines_of(model.graph()) == Lines{"layer = Clip(photo, layer/least, layer/most)"});
  CHECK(numbers_of<float>(*constants_of(model.graph()).at("layer/least")) == std::vector<float>{0});
  CHECK(numbers_of<float>(*constants_of(model.graph()).at("layer/most")) == std::vector<float>{6});
}

TEST_CASE("what joins or rearranges sees the channels where Petal has them") {
  GraphBuilder g("rearranged");
  const Value photo = g.input({4, 4, 3}, "photo");
  const Value conv = g.add("conv", Conv2D{.filters = 3, .use_bias = false}, photo);
  const Value padded = g.add("pad", ZeroPadding2D{{.top = 1, .bottom = 2, .left = 3, .right = 4}}, conv);
  const Value cut = g.add("cut", MaxPooling2D{.pool = {4, 8}, .strides = {1, 1}}, padded);
  const Value sum = g.add("sum", Add{}, {conv, photo, cut});
  const Value join = g.add("join", Concatenate{}, {photo, sum});
  const Value shaped = g.add("shaped", Reshape{{-1, 12}}, join);
  const Value flat = g.add("flat", Flatten{}, sum);
  const Value flat_too = g.add("flat_too", Flatten{}, shaped);
  const Value out = g.add("out", Concatenate{}, {flat, flat_too});
  const onnx::ModelProto model = exported(model_of(std::move(g).build({out})));
  CHECK(fault_of(model.graph()) == "");
  // A negative zero, which ONNX Runtime does not take into the max pooling as minus infinity.
  CHECK(std::signbit(numbers_of<float>(*constants_of(model.graph()).at("pad/value"))[0]));
  CHECK(
      lines_of(model.graph()) ==
      Lines{
          "photo/channels_first = Transpose(photo) perm=0,3,1,2",
          "conv = Conv(photo/channels_first, conv/kernel) group=1 kernel_shape=1,1 pads=0,0,0,0 strides=1,1",
          "pad = Pad(conv, [0,0,1,3,0,0,2,4], pad/value)",
          "cut = MaxPool(pad) kernel_shape=4,8 pads=0,0,0,0 strides=1,1",
          "sum/Add = Add(conv, photo/channels_first)", "sum = Add(sum/Add, cut)",
          "sum/channels_last = Transpose(sum) perm=0,2,3,1",
          "join = Concat(photo, sum/channels_last) axis=-1", "shaped = Reshape(join, [0,8,12])",
          "flat = Flatten(sum/channels_last)", "flat_too = Flatten(shaped)",
          "out = Concat(flat, flat_too) axis=-1"});
}

TEST_CASE("preprocessing goes along, augmentation does not, and a crop is the one of inference") {
  GraphBuilder g("photos");
  Value x = g.input({10, 20, 3}, "photo");
  x = g.add("rescaling", Rescaling{.scale = 0.5f, .offset = -1}, x);
  x = g.add("flip", RandomFlip{}, x);
  x = g.add("crop", RandomCrop{.height = 4, .width = 4}, x);
  x = g.add("dropout", Dropout{}, x);
  const onnx::ModelProto model = exported(model_of(std::move(g).build({x})));
  CHECK(fault_of(model.graph()) == "");
  CHECK(
      lines_of(model.graph()) ==
      Lines{"rescaling/Mul = Mul(photo, rescaling/scale)", "rescaling = Add(rescaling/Mul, rescaling/offset)",
            "rescaling/channels_first = Transpose(rescaling) perm=0,3,1,2",
            "crop/Slice = Slice(rescaling/channels_first, [0,5], [10,15], [2,3])",
            "crop = Resize(crop/Slice, , crop/scales) coordinate_transformation_mode=half_pixel mode=linear",
            "dropout = Transpose(crop) perm=0,2,3,1"});
  const auto constants = constants_of(model.graph());
  CHECK(numbers_of<float>(*constants.at("rescaling/scale")) == std::vector<float>{0.5f});
  CHECK(numbers_of<float>(*constants.at("rescaling/offset")) == std::vector<float>{-1});
  CHECK(numbers_of<float>(*constants.at("crop/scales")) == std::vector<float>{1, 1, 0.4f, 0.4f});
  CHECK(dims_of(model.graph().output(0)) == "N,4,4,3");
}

TEST_CASE("scales come to the size that was asked for, whatever they round to") {
  for (std::int64_t size = 1; size <= 300; ++size) {
    CAPTURE(size);
    const onnx::ModelProto model =
        exported(model_of(graph_of(RandomCrop{.height = size, .width = size}, {97, 97, 1})));
    if (size == 97) continue;
    for (float scale : numbers_of<float>(*constants_of(model.graph()).at("layer/scales"))) {
      if (scale == 1.0f) continue;
      CHECK(static_cast<std::int64_t>(97.0f * scale) == size);
      CHECK(static_cast<std::int64_t>(97.0 * static_cast<double>(scale)) == size);
    }
  }
}

TEST_CASE("names that layers have taken are left to them") {
  GraphBuilder g("names");
  Value x = g.input({4, 4, 3}, "photo");
  x = g.add("a", Conv2D{.use_bias = false, .activation = ActivationFunction::relu}, x);
  x = g.add("a/Conv", Activation{ActivationFunction::relu}, x);
  x = g.add("a/kernel", Flatten{}, x);
  CHECK(lines_for(std::move(g).build({x})) == Lines{to_first,
                                                    "a/Conv_1 = Conv(photo/channels_first, a/kernel_1) "
                                                    "group=1 kernel_shape=1,1 pads=0,0,0,0 strides=1,1",
                                                    "a = Relu(a/Conv_1)", "a/Conv = Relu(a)",
                                                    "a/Conv/channels_last = Transpose(a/Conv) perm=0,2,3,1",
                                                    "a/kernel = Flatten(a/Conv/channels_last)"});
}

TEST_CASE("several outputs keep their order, and may be read on") {
  GraphBuilder g("two_ends");
  const Value photo = g.input({4, 4, 3}, "photo");
  const Value conv = g.add("conv", Conv2D{.filters = 2, .use_bias = false}, photo);
  const Value pooled = g.add("pooled", GlobalMaxPooling2D{}, conv);
  const onnx::ModelProto model = exported(model_of(std::move(g).build({pooled, conv})));
  CHECK(fault_of(model.graph()) == "");
  REQUIRE(model.graph().output_size() == 2);
  CHECK(model.graph().output(0).name() == "pooled");
  CHECK(model.graph().output(1).name() == "conv");
  CHECK(dims_of(model.graph().output(1)) == "N,4,4,2");
}

TEST_CASE("labels and Petal's facts go along as metadata") {
  Model model = model_of(tiny_network(given_names));
  CHECK(metadata_of(exported(model)) ==
        std::map<std::string, std::string>{{"image_size", "[4,4]"},
                                           {"apply_exif_orientation", "true"},
                                           {"fast_decode", "false"},
                                           {"Image.BitmapPixelFormat", "Rgb8"},
                                           {"Image.NominalPixelRange", "NominalRange_0_255"}});
  model.labels = {"Gänseblümchen", "蒲公英", "a \"quoted\"\nname"};
  model.architecture = "mobilenet_v2";
  model.apply_exif_orientation = false;
  model.fast_decode = true;
  const auto metadata = metadata_of(exported(model));
  CHECK(nlohmann::json::parse(metadata.at("labels")).get<std::vector<std::string>>() == model.labels);
  CHECK(metadata.at("architecture") == "mobilenet_v2");
  CHECK(metadata.at("apply_exif_orientation") == "false");
  CHECK(metadata.at("fast_decode") == "true");
}

TEST_CASE("what cannot be written is refused, and what was there stays") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "model.onnx";
  const auto refusal = [&](const Model& model) { return message_of([&] { save_onnx(file, model); }); };
  Model model = model_of(tiny_network(given_names));
  save_onnx(file, model);
  const auto size = fs::file_size(file);

  model.labels = {"a", "\xff", "c"};
  CHECK(contains(refusal(model), "model.onnx: a label is not UTF-8"));
  model.labels.clear();
  model.network.weights.erase("stem/kernel");
  CHECK(contains(refusal(model), "stem/kernel"));

  GraphBuilder large("large");
  const Value in = large.input({1 << 15}, "in");
  Model huge;
  huge.network.graph = std::move(large).build({large.add("dense", Dense{.units = 1 << 15}, in)});
  CHECK(contains(refusal(huge), "2147 MB"));

  GraphBuilder fused("fused");
  const Value photo = fused.input({4, 4, 3}, "photo");
  Node residual;
  residual.name = "sum";
  residual.layer = Conv2D{.filters = 3};
  residual.fused_residual = true;
  CHECK(contains(refusal(model_of(std::move(fused).build({fused.add(residual, {photo, photo})}))),
                 "layer 'sum'"));
  CHECK(fs::file_size(file) == size);
  CHECK_THROWS_AS(save_onnx(folder / "nowhere" / "model.onnx", model_of(tiny_network(given_names))), Error);
}

}  // namespace petal::testing
