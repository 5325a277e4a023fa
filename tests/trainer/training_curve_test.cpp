#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/training_plan.h"
#include "kernels/cpu/backend.h"
#include "models/cnn.h"

// Fifty steps from the same weights on the same batches as Keras took: tests/golden/make_training_curves.py
// has the formulas that this file repeats. PETAL_TRAINING_CURVES names another file of its making, of the
// full size.
using namespace petal;

namespace {

using Json = nlohmann::json;

Json curves() {
  const char* other = std::getenv("PETAL_TRAINING_CURVES");
  std::ifstream file(other != nullptr ? other : PETAL_SOURCE "/tests/golden/training_curves.json");
  return Json::parse(file);
}

class Photos : public SampleSource {
 public:
  Photos(std::int64_t size, std::int64_t first) : size_(size), first_(first) {}
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t n = first_ + first; n < first_ + first + count; ++n) {
      for (std::int64_t h = 0; h < size_; ++h) {
        for (std::int64_t w = 0; w < size_; ++w) {
          const bool striped = n % 2 == 1 ? w % 7 < 3 : h % 5 < 2;
          for (std::int64_t c = 0; c < 3; ++c) {
            const std::int64_t level = (n * 131 + h * 37 + w * 17 + c * 71 + (h * w) % 29 * 5) % 200;
            *dst++ = static_cast<float>(level + (striped ? 40 : 0));
          }
        }
      }
    }
  }

 private:
  std::int64_t size_, first_;
};

Weights start(const Graph& graph) {
  Weights weights;
  std::uint64_t number = 0;
  for (const WeightDeclaration& declaration : graph.weights()) {
    Tensor tensor(declaration.shape);
    const Shape& shape = declaration.shape;
    const bool one = declaration.name.ends_with("gamma") || declaration.name.ends_with("variance");
    std::ranges::fill(tensor.values(), one ? 1.0f : 0.0f);
    if (shape.rank() > 1) {
      const std::int64_t last = shape[shape.rank() - 1], before = shape[shape.rank() - 2];
      const std::int64_t field = shape.elements() / (last * before);
      const double limit = std::sqrt(6.0 / static_cast<double>(field * (last + before)));
      std::uint64_t index = 97 * number + 1;
      for (float& value : tensor.values()) {
        const auto bits = static_cast<std::uint32_t>(index++ * 2654435761u);
        value = static_cast<float>((static_cast<double>(bits) / 4294967296.0 - 0.5) * 2 * limit);
      }
    }
    weights.set(declaration.name, std::move(tensor), declaration.role);
    ++number;
  }
  return weights;
}

Graph normalized(std::int64_t size) {
  GraphBuilder g("batch_normalization");
  Value x = g.input({size, size, 3});
  x = g.add("rescaling", Rescaling{.scale = 1.0f / 127.5f, .offset = -1.0f}, x);
  for (const std::int64_t filters : {16, 24}) {
    const std::string n = std::to_string(filters);
    x = g.add("conv" + n,
              Conv2D{.filters = filters, .kernel = {3, 3}, .padding = Padding::same, .use_bias = false}, x);
    x = g.add("bn" + n, BatchNormalization{.momentum = 0.99f, .epsilon = 1e-3f}, x);
    x = g.add("relu" + n, Activation{ActivationFunction::relu}, x);
    x = g.add("depthwise" + n, DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .use_bias = false},
              x);
    x = g.add("depthwise_bn" + n, BatchNormalization{.momentum = 0.9f, .epsilon = 1e-3f}, x);
    x = g.add("relu6" + n, Activation{ActivationFunction::relu6}, x);
    x = g.add("pool" + n, MaxPooling2D{}, x);
  }
  x = g.add("pooled", GlobalAveragePooling2D{}, x);
  x = g.add("predictions", Dense{.units = 2, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

Graph graph_of(const std::string& name, std::int64_t size) {
  if (name == "batch_normalization") return normalized(size);
  const Graph body = cnn({.image_size = size, .dropout = 0});
  if (name == "cnn") return body;
  GraphBuilder g("cnn_preprocessed");
  const Value x =
      g.add("rescaling", Rescaling{.scale = 1.0f / 127.5f, .offset = -1.0f}, g.input({size, size, 3}));
  return std::move(g).build(g.append(body, std::span(&x, 1)));
}

// The largest difference of the moving statistics, relative to the largest of each array.
double moving_error(const Graph& graph, const TrainingPlan& plan, const Json& expected) {
  Weights weights;
  plan.store(weights);
  double error = 0;
  std::size_t next = 0;
  for (const WeightDeclaration& declaration : graph.weights()) {
    if (declaration.role != Role::statistic) continue;
    const auto numbers = expected.at(next++).get<std::vector<double>>();
    const auto found = weights.at(declaration.name).values();
    REQUIRE(numbers.size() == found.size());
    double largest = 0;
    for (const double x : numbers) largest = std::max(largest, std::fabs(x));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      error = std::max(error, std::fabs(static_cast<double>(found[i]) - numbers[i]) / largest);
    }
  }
  CHECK(next == expected.size());
  return error;
}

}  // namespace

TEST_CASE("the loss follows Keras's for fifty steps with every optimiser, moving statistics too") {
  const Json file = curves();
  const auto size = file.at("image_size").get<std::int64_t>(), batch = file.at("batch").get<std::int64_t>();
  REQUIRE(file.at("curves").size() == 18);
  std::vector<std::int32_t> targets;
  for (std::int64_t i = 0; i < batch; ++i) targets.push_back(static_cast<std::int32_t>(i % 2));
  for (const Json& curve : file.at("curves")) {
    const Graph graph = graph_of(curve.at("model"), size);
    const Optimizer optimizer = optimizer_by_name(curve.at("optimizer").get<std::string>());
    TrainingPlan plan =
        compile_training(graph, start(graph), make_cpu_backend(2), {.batch = batch, .optimizer = optimizer});
    double worst = 0;
    int worst_step = 0, step = 0;
    for (const double expected : curve.at("losses").get<std::vector<double>>()) {
      const Photos photos(size, step * batch);
      const double loss =
          plan.forward_backward({.source = &photos, .count = batch, .targets = targets.data()}, {});
      plan.update(curve.at("learning_rate").get<float>());
      const double error = std::fabs(loss - expected) / expected;
      if (error > worst) worst = error, worst_step = step;
      ++step;
    }
    const double moving = moving_error(graph, plan, curve.at("moving"));
    const std::string what =
        curve.at("model").get<std::string>() + ", " + curve.at("optimizer").get<std::string>();
    MESSAGE(what, ": loss within ", worst, " (step ", worst_step, "), moving statistics within ", moving);
    CHECK_MESSAGE(worst <= 1e-3, what);
    CHECK_MESSAGE(moving <= 1e-3, what);
  }
}
