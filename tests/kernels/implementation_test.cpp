#include <doctest/doctest.h>

#include <algorithm>

#include "engine/error.h"
#include "kernels/cpu/backend.h"
#include "tests/kernels/activation_cases.h"
#include "tests/kernels/case_numbers.h"

// What the CPU backend makes of layers, seen by the vendor's names for it: oneDNN has reference code
// ("ref:any"), up to thousands of times slower, for whatever its fast code does not take, and picks it in
// silence.
namespace petal::testing {
namespace {

std::unique_ptr<Kernel> prepare(const Backend& backend, const Case& item, Direction direction,
                                bool constant_weights, Precision precision = Precision::f32) {
  const Node node = node_of(item);
  PrepareContext context{node, direction, item.mode, precision, {}, {}, {}, constant_weights, 0};
  for (const Shape& shape : inputs_of(item))
    context.src.push_back({data_type(precision), shape.with_batch(item.batch)});
  context.dst = {data_type(precision), node.shape.with_batch(item.batch)};
  std::vector<Tensor> weights;
  for (const WeightDeclaration& declaration : weights_of(item)) weights.emplace_back(declaration.shape);
  for (const Tensor& tensor : weights) context.weights.push_back(&tensor);
  return backend.prepare(context);
}

std::unique_ptr<Kernel> prepare_forward(const Backend& backend, const Case& item, bool constant_weights) {
  return prepare(backend, item, Direction::forward, constant_weights);
}

Conv2D convolution(std::int64_t filters, Size2D kernel, std::int64_t stride, ActivationFunction activation) {
  return {.filters = filters,
          .kernel = kernel,
          .strides = {stride, stride},
          .padding = Padding::same,
          .activation = activation};
}

DepthwiseConv2D depthwise(std::int64_t stride) {
  return {.kernel = {3, 3},
          .strides = {stride, stride},
          .padding = Padding::same,
          .activation = ActivationFunction::relu6};
}

Case layer(const char* name, Layer spec, Shape src, bool residual = false) {
  return {.name = name, .layer = std::move(spec), .src = {src}, .residual = residual};
}

// The layers of inference after its passes; every kind of block, and the widths that multipliers below 1
// give.
std::vector<Case> layers_of_networks() {
  const auto linear = ActivationFunction::linear, relu = ActivationFunction::relu,
             relu6 = ActivationFunction::relu6;
  const auto valid = [](std::int64_t filters) {
    return Conv2D{.filters = filters, .kernel = {3, 3}, .activation = ActivationFunction::relu};
  };
  return {
      layer("MobileNetV2: Conv1", convolution(32, {3, 3}, 2, relu6), {224, 224, 3}),
      layer("MobileNetV2: expanded_conv_depthwise", depthwise(1), {112, 112, 32}),
      layer("MobileNetV2: expanded_conv_project", convolution(16, {1, 1}, 1, linear), {112, 112, 32}),
      layer("MobileNetV2: block_1_expand", convolution(96, {1, 1}, 1, relu6), {112, 112, 16}),
      layer("MobileNetV2: block_1_depthwise", depthwise(2), {112, 112, 96}),
      layer("MobileNetV2: block_2_expand", convolution(144, {1, 1}, 1, relu6), {56, 56, 24}),
      layer("MobileNetV2: block_2_depthwise", depthwise(1), {56, 56, 144}),
      layer("MobileNetV2: block_2_project and add", convolution(24, {1, 1}, 1, linear), {56, 56, 144}, true),
      layer("MobileNetV2: block_12_depthwise", depthwise(1), {14, 14, 576}),
      layer("MobileNetV2: block_16_project", convolution(320, {1, 1}, 1, linear), {7, 7, 960}),
      layer("MobileNetV2: Conv_1", convolution(1280, {1, 1}, 1, relu6), {7, 7, 320}),
      layer("MobileNetV2: block_2_project and add at 0.35", convolution(8, {1, 1}, 1, linear), {56, 56, 48},
            true),
      layer("MobileNetV2: block_1_depthwise at 0.35", depthwise(2), {112, 112, 48}),
      layer("MobileNetV2: pooling", GlobalAveragePooling2D{}, {7, 7, 1280}),
      layer("MobileNetV2: predictions", Dense{.units = 1000}, {1280}),
      layer("MobileNetV2: predictions' softmax", Activation{.function = ActivationFunction::softmax}, {1000}),
      layer("a head of five classes", Dense{.units = 5}, {1280}),
      layer("its softmax", Activation{.function = ActivationFunction::softmax}, {5}),
      layer("ResNet50: conv1", convolution(64, {7, 7}, 2, relu), {224, 224, 3}),
      layer("ResNet50: pool1", MaxPooling2D{.pool = {3, 3}, .strides = {2, 2}}, {114, 114, 64}),
      layer("ResNet50: conv2_block1_2", convolution(64, {3, 3}, 1, relu), {56, 56, 64}),
      layer("ResNet50: conv2_block1_out", convolution(256, {1, 1}, 1, relu), {56, 56, 64}, true),
      layer("ResNet50: conv3_block1_0", convolution(512, {1, 1}, 2, linear), {56, 56, 256}),
      layer("InceptionV3: 5x5", convolution(64, {5, 5}, 1, relu), {35, 35, 48}),
      layer("InceptionV3: 1x7", convolution(192, {1, 7}, 1, relu), {17, 17, 160}),
      layer("InceptionV3: average pooling",
            AveragePooling2D{.pool = {3, 3}, .strides = {1, 1}, .padding = Padding::same}, {35, 35, 192}),
      layer("tutorial: first convolution", valid(32), {160, 160, 3}),
      layer("tutorial: second convolution", valid(32), {79, 79, 32}),
      layer("tutorial: third convolution", valid(64), {38, 38, 32}),
      layer("tutorial: fourth convolution", valid(64), {18, 18, 64}),
      layer("tutorial: pooling", MaxPooling2D{}, {158, 158, 32}),
      layer("tutorial: hidden layer", Dense{.units = 128, .activation = relu}, {4096}),
      layer("batch normalization on its own", BatchNormalization{}, {56, 56, 144}),
      layer("relu on its own", Activation{.function = relu}, {112, 112, 32}),
      layer("LeakyReLU", LeakyReLU{}, {56, 56, 64}),
      layer("ELU", ELU{}, {56, 56, 64}),
      layer("PReLU", PReLU{.shared_axes = {1, 2}}, {56, 56, 64}),
      layer("ReLU with a limit of 1", ReLU{.max_value = 1}, {56, 56, 64}),
      layer("relu6 on its own", Activation{.function = relu6}, {112, 112, 32}),
  };
}

// Each function on its own, and inside the layers that can take it.
std::vector<Case> layers_with_activations() {
  std::vector<Case> cases;
  for (const ActivationFunction function : activation_functions()) {
    const std::string name(to_string(function));
    cases.push_back({.name = name, .layer = Activation{function}, .src = {{28, 28, 64}}});
    cases.push_back({.name = name + " of a vector", .layer = Activation{function}, .src = {{5}}});
    if (!is_epilogue(function)) continue;
    DepthwiseConv2D by_depth = depthwise(1);
    by_depth.activation = function;
    for (const Layer& spec :
         {Layer(convolution(64, {3, 3}, 1, function)), Layer(convolution(48, {1, 1}, 1, function)),
          Layer(by_depth), Layer(Dense{.units = 10, .activation = function})}) {
      const Shape src = std::holds_alternative<Dense>(spec) ? Shape{128} : Shape{28, 28, 32};
      cases.push_back({.name = name + " in " + std::string(kind(spec)), .layer = spec, .src = {src}});
    }
  }
  return cases;
}

// Whether a vendor's name is one of its reference implementations.
bool is_reference(const std::string& implementation) {
  return implementation.empty() || implementation.starts_with("ref") || implementation.starts_with("simple");
}

TEST_CASE("cpu: no layer of the networks runs the vendor's reference code") {
  const auto backend = make_cpu_backend(2);
  for (Case item : layers_of_networks()) {
    for (const std::int64_t batch : {1, 8}) {
      for (const bool constant_weights : {true, false}) {
        item.batch = batch;
        const std::string implementation =
            prepare_forward(*backend, item, constant_weights)->implementation();
        INFO(item.name << ", batch " << batch << ": " << implementation);
        CHECK_FALSE(is_reference(implementation));
      }
    }
  }
}

TEST_CASE("cpu: no layer runs the vendor's reference code in bfloat16") {
  const bool has_avx512 = cpu_backend_description().find("AVX-512") != std::string::npos;
  std::vector<Case> cases = layers_of_networks();
  std::ranges::copy(layers_with_activations(), std::back_inserter(cases));
  for (const auto& backend : {make_cpu_backend(1), make_cpu_backend(2)}) {
    for (const Case& item : cases) {
      const std::string implementation =
          prepare(*backend, item, Direction::forward, true, Precision::bf16)->implementation();
      INFO(item.name << ": " << implementation);
      CHECK_FALSE(is_reference(implementation));
      // From AVX-512 on products are oneDNN's own.
      const bool is_product =
          std::holds_alternative<Conv2D>(item.layer) || std::holds_alternative<Dense>(item.layer);
      if (is_product && has_avx512) CHECK_FALSE(implementation.ends_with("in f32"));
    }
  }
}

TEST_CASE("cpu: no layer runs the vendor's reference code in training in bfloat16") {
  const bool has_avx512 = cpu_backend_description().find("AVX-512") != std::string::npos;
  const auto backend = make_cpu_backend(1);
  for (Case item : layers_of_networks()) {
    item.residual = false;
    item.mode = Mode::training;
    for (const Direction direction :
         {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
      if (direction == Direction::backward_weights && weights_of(item).empty()) continue;
      const std::string implementation =
          prepare(*backend, item, direction, false, Precision::bf16)->implementation();
      INFO(item.name << ", " << to_string(direction) << ": " << implementation);
      CHECK_FALSE(is_reference(implementation));
      const bool is_product = std::holds_alternative<Conv2D>(item.layer);
      if (is_product && has_avx512) CHECK_FALSE(implementation.ends_with("in f32"));
    }
  }
}

TEST_CASE("cpu: no activation runs the vendor's reference code, on its own or within a layer, either way") {
  const auto backend = make_cpu_backend(2);
  for (const Case& item : layers_with_activations()) {
    for (const Direction direction : {Direction::forward, Direction::backward_data}) {
      if (!backend->supports(node_of(item), Precision::f32, direction).supported) continue;
      const std::string implementation = prepare(*backend, item, direction, true)->implementation();
      INFO(item.name << ", " << to_string(direction) << ": " << implementation);
      CHECK_FALSE(is_reference(implementation));
    }
  }
}

TEST_CASE("cpu: no gradient of the networks' layers runs the vendor's reference code") {
  for (const auto& backend : {make_cpu_backend(1), make_cpu_backend(2)}) {
    for (Case item : layers_of_networks()) {
      item.residual = false;
      item.mode = Mode::training;
      for (const std::int64_t batch : {1, 8}) {
        item.batch = batch;
        for (const Direction direction : {Direction::backward_data, Direction::backward_weights}) {
          if (direction == Direction::backward_weights && weights_of(item).empty()) continue;
          const std::string implementation = prepare(*backend, item, direction, false)->implementation();
          INFO(item.name << ", " << to_string(direction) << ", batch " << batch << ": " << implementation);
          CHECK_FALSE(is_reference(implementation));
        }
      }
    }
  }
}

TEST_CASE("cpu: a residual's memory is taken for the result unless the layer reads it as its source too") {
  const auto backend = make_cpu_backend(2);
  const Case item = layer("add", convolution(16, {1, 1}, 1, ActivationFunction::linear), {8, 8, 16}, true);
  CHECK(prepare_forward(*backend, item, true)->in_place_input() == 1);

  Node node = node_of(item);
  node.inputs = {0, 0};
  const Tensor kernel({1, 1, 16, 16}), bias({16});
  const TensorDescription image{DataType::f32, {1, 8, 8, 16}};
  const PrepareContext context{node,
                               Direction::forward,
                               Mode::inference,
                               Precision::f32,
                               {image, image},
                               image,
                               {&kernel, &bias},
                               true,
                               0};
  CHECK(backend->prepare(context)->in_place_input() == -1);
}

TEST_CASE("cpu: what oneDNN refuses is an error that names the node and keeps the expression") {
  const auto backend = make_cpu_backend(2);
  const Node node = node_of(layer("conv9", Conv2D{.filters = 5, .use_bias = false}, {8, 8, 8}));
  const Tensor kernel({1, 1, 8, 5});
  const TensorDescription src{DataType::f32, {1, 8, 8, 8}}, too_large{DataType::f32, {1, 9, 8, 5}};
  const PrepareContext context{
      node, Direction::forward, Mode::inference, Precision::f32, {src}, too_large, {&kernel}, true, 0};
  try {
    backend->prepare(context);
    FAIL("it was accepted");
  } catch (const Error& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(error.kind() == ErrorKind::failure);
    CHECK(message.starts_with("Conv2D 'conv9': oneDNN failed"));
    CHECK(message.find("convolution_forward(") != std::string::npos);
  }
}

TEST_CASE("cpu: what it lacks is an error, never another computation") {
  const auto backend = make_cpu_backend(2);
  const Node dense = node_of(layer("fc", Dense{.units = 3}, {4}));
  for (const Precision precision : {Precision::f16, Precision::f64}) {
    CHECK_FALSE(backend->supports(dense, precision, Direction::forward).supported);
    CHECK_THROWS_AS(backend->prepare_sum(precision, 8, 2), Error);
  }
  CHECK_THROWS_AS(backend->prepare_loss({}, {DataType::bf16, {2, 3}}), Error);
}

TEST_CASE("cpu: threads") {
  CHECK(make_cpu_backend()->threads() >= 1);
  CHECK(make_cpu_backend(3)->threads() == 3);
  CHECK_THROWS_WITH_AS(make_cpu_backend(-1), doctest::Contains("--threads: -1"), Error);
  CHECK(cpu_backend_description().starts_with("oneDNN "));
}

}  // namespace
}  // namespace petal::testing
