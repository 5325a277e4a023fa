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

constexpr int steps = 50;

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
          const bool striped = n % 2 == 1 ? w % 14 < 7 : h % 10 < 5;
          for (std::int64_t c = 0; c < 3; ++c) {
            auto bits = static_cast<std::uint32_t>(((n * size_ + h) * size_ + w) * 3 + c);
            bits = (bits ^ (bits >> 16)) * 0x7FEB352Du;
            bits = (bits ^ (bits >> 15)) * 0x846CA68Bu;
            *dst++ = static_cast<float>(60 + (striped ? 100 : 0) + (bits >> 16) % 50);
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

// How far a training is from one of Keras's, relative: its losses at their worst step, its moving statistics
// to the largest of each array.
struct Distance {
  double loss = 0, moving = 0;
  double largest() const { return std::max(loss, moving); }
};

using Arrays = std::vector<std::vector<double>>;

struct Run {
  std::vector<double> losses;
  Arrays moving;
};

Distance distance(const Run& run, const Json& expected) {
  const auto losses = expected.at("losses").get<std::vector<double>>();
  const auto moving = expected.at("moving").get<Arrays>();
  REQUIRE(losses.size() == run.losses.size());
  REQUIRE(moving.size() == run.moving.size());
  Distance found;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    found.loss = std::max(found.loss, std::fabs(run.losses[i] - losses[i]) / losses[i]);
  }
  for (std::size_t array = 0; array < moving.size(); ++array) {
    REQUIRE(moving[array].size() == run.moving[array].size());
    double largest = 0, error = 0;
    for (std::size_t i = 0; i < moving[array].size(); ++i) {
      largest = std::max(largest, std::fabs(moving[array][i]));
      error = std::max(error, std::fabs(run.moving[array][i] - moving[array][i]));
    }
    found.moving = std::max(found.moving, error / largest);
  }
  return found;
}

Run train(const Graph& graph, const Json& curve, std::int64_t size, std::int64_t batch,
          Precision precision = Precision::f32) {
  const Optimizer optimizer = optimizer_by_name(curve.at("optimizer").get<std::string>());
  TrainingPlan plan = compile_training(graph, start(graph), make_cpu_backend(2),
                                       {.batch = batch, .precision = precision, .optimizer = optimizer});
  std::vector<std::int32_t> targets;
  for (std::int64_t i = 0; i < batch; ++i) targets.push_back(static_cast<std::int32_t>(i % 2));
  Run run;
  for (int step = 0; step < steps; ++step) {
    const Photos photos(size, step * batch);
    run.losses.push_back(
        plan.forward_backward({.source = &photos, .count = batch, .targets = targets.data()}, {}));
    plan.update(curve.at("learning_rate").get<float>());
  }
  Weights weights;
  plan.store(weights);
  for (const WeightDeclaration& declaration : graph.weights()) {
    if (declaration.role != Role::statistic) continue;
    const auto values = weights.at(declaration.name).values();
    run.moving.emplace_back(values.begin(), values.end());
  }
  return run;
}

}  // namespace

TEST_CASE("the loss follows Keras's for fifty steps with every optimiser, moving statistics too") {
  const Json file = curves();
  const auto size = file.at("image_size").get<std::int64_t>(), batch = file.at("batch").get<std::int64_t>();
  REQUIRE(file.at("curves").size() == 18);
  for (const Json& curve : file.at("curves")) {
    const std::string what =
        curve.at("model").get<std::string>() + ", " + curve.at("optimizer").get<std::string>();
    const Run run = train(graph_of(curve.at("model"), size), curve, size, batch);
    // Rounding decides which side a relu that is zero but for the last bit takes, and Keras's own runs from
    // weights that differ in their last bits part there: one of them is to be followed.
    REQUIRE_FALSE(curve.at("runs").empty());
    Distance nearest{INFINITY, INFINITY};
    for (const Json& expected : curve.at("runs")) {
      nearest = std::min(nearest, distance(run, expected),
                         [](const Distance& a, const Distance& b) { return a.largest() < b.largest(); });
    }
    MESSAGE(what, ": loss within ", nearest.loss, ", moving statistics within ", nearest.moving);
    CHECK_MESSAGE(nearest.loss <= 1e-3, what);
    CHECK_MESSAGE(nearest.moving <= 1e-3, what);
  }
}

// On pixels from 0 to 255 `cnn` takes steps so large that any rounding leads elsewhere for a while. Keras's
// own mixed_bfloat16, from weights nudged three ways, ends there up to 1.2 % of the first loss from its
// float32 (and with rmsprop does not come back); the other two models stay near all along.
TEST_CASE("in bf16 the loss follows float32's for fifty steps with every optimiser, and ends where it does") {
  const Json file = curves();
  const auto size = file.at("image_size").get<std::int64_t>(), batch = file.at("batch").get<std::int64_t>();
  for (const Json& curve : file.at("curves")) {
    const std::string model = curve.at("model"),
                      what = model + ", " + curve.at("optimizer").get<std::string>();
    const Graph graph = graph_of(model, size);
    const Run exact = train(graph, curve, size, batch);
    const Run run = train(graph, curve, size, batch, Precision::bf16);
    const auto difference = [&](std::size_t step) {
      return std::fabs(run.losses[step] - exact.losses[step]) / exact.losses[0];
    };
    double largest = 0;
    for (std::size_t step = 0; step < exact.losses.size(); ++step)
      largest = std::max(largest, difference(step));
    const double last = difference(exact.losses.size() - 1);
    MESSAGE(what, ": loss within ", largest, " of the first, at the end ", last);
    CHECK_MESSAGE(run.losses != exact.losses, what);
    CHECK_MESSAGE(last <= (model == "cnn" ? 2e-2 : 1e-2), what);
    if (model == "cnn") continue;
    CHECK_MESSAGE(largest <= 5e-3, what);
    CHECK_MESSAGE(distance(run, {{"losses", exact.losses}, {"moving", exact.moving}}).moving <= 5e-2, what);
  }
}
