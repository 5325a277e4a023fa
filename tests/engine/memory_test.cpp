#include "engine/memory.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

#include "engine/batch_plan.h"
#include "engine/error.h"
#include "engine/input_upload.h"
#include "engine/training_plan.h"
#include "kernels/reference/backend.h"
#include "tests/apart_backend.h"
#include "tests/engine/small_network.h"

using namespace petal;
using namespace petal::testing;

namespace {

// Everything that a caller can see of three steps, the last of a short batch, by two plans of which the
// second goes on where the first stopped.
std::vector<float> trained(const Graph& graph, const std::shared_ptr<const Backend>& backend,
                           const TrainingOptions& options) {
  std::vector<float> seen;
  Weights weights = initialize(graph, 4);
  TrainingPlan first = compile_training(graph, weights, backend, options);
  TrainingPlan second = compile_training(graph, initialize(graph, 8), backend, options);
  const Noise noise;
  for (const std::int64_t count : {batch, batch, std::int64_t{3}}) {
    TrainingPlan& plan = count == batch ? first : second;
    if (count != batch) second.restore(weights, first.optimizer_state());
    const double loss = plan.forward_backward({&noise, count, targets.data(), sample_weights},
                                              {.seed = 3, .epoch = 2, .samples = samples});
    seen.push_back(static_cast<float>(loss));
    append(seen, {plan.predictions(), static_cast<std::size_t>(3 * count)});
    plan.update(0.05f);
    plan.store(weights);
    for (const WeightDeclaration& declaration : graph.weights()) {
      append(seen, weights.at(declaration.name).values());
    }
    for (const auto& [name, slots] : plan.optimizer_state().slots) {
      append(seen, plan.gradient(name).values());
      for (const Tensor& slot : slots) append(seen, slot.values());
    }
  }
  return seen;
}

void check_training(const Graph& graph, const TrainingOptions& options) {
  const std::vector<float> expected = trained(graph, make_reference_backend(), options);
  const bool same = trained(graph, make_apart_backend(), options) == expected;
  CHECK(same);
  CHECK(std::ranges::none_of(expected, [](float number) { return number != number; }));
}

}  // namespace

TEST_CASE("memory apart is out of the host's reach") {
  const DeviceArray array(make_apart_backend()->memory(), 64);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    *static_cast<volatile std::byte*>(array.data()) = std::byte{1};
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("a mirror of the host's memory is that memory, one of memory apart a copy") {
  for (const auto& memory : {host_memory(), make_apart_backend()->memory()}) {
    const DeviceArray array(memory, 8);
    const HostMirror mirror(memory, array.data(), 8);
    CHECK((mirror.data() == array.data()) != memory->is_apart());
    mirror.data()[3] = std::byte{9};
    mirror.upload();
    std::array<std::byte, 8> found{};
    array.download(found.data());
    CHECK(found[3] == std::byte{9});
    CHECK(found[4] == std::byte{0});
    found[4] = std::byte{5};
    array.upload(found.data());
    mirror.download();
    memory->wait();
    CHECK(mirror.data()[4] == std::byte{5});
  }
}

TEST_CASE("inference over memory apart gives the same bits") {
  const Graph graph = small_network(true);
  const Weights weights = initialize(graph, 4);
  const auto infer = [&](const std::shared_ptr<const Backend>& backend) {
    BatchPlan plan = compile_batch(graph, weights, backend, {.batch = batch, .micro_batch = 2});
    plan.set_profiling(true);
    std::vector<float> rows(static_cast<std::size_t>(batch * plan.row_elements()));
    plan.run(Noise(), batch, rows.data(), {.samples = samples});
    return rows;
  };
  const bool same = infer(make_apart_backend()) == infer(make_reference_backend());
  CHECK(same);
}

TEST_CASE("training over memory apart gives the same bits") {
  SUBCASE("statistics that move, Adam, clipping by value") {
    check_training(small_network(true), {.batch = batch, .clipping = {.value = 0.1f}});
  }
  SUBCASE("micro-batches, momentum, clipping by the norm of all") {
    check_training(small_network(false), {.batch = batch,
                                          .optimizer = SGD{.momentum = 0.9f},
                                          .clipping = {.global_norm = 0.5f},
                                          .micro_batch = 2});
  }
  SUBCASE("a frozen base") {
    const Graph frozen =
        small_network(true).with_trainable([](const Node& node) { return node.name == "predictions"; });
    check_training(frozen, {.batch = batch, .optimizer = SGD{}});
  }
}

TEST_CASE("an input's batches arrive in order, however many are sent before the first is computed on") {
  const Shape shape{2, 6};
  for (const bool pixels : {false, true}) {
    const auto backend = make_apart_backend();
    const auto memory = backend->memory();
    const DeviceArray input(memory, 12 * sizeof(float));
    InputUpload upload(*backend, input.data(), {DataType::f32, shape}, pixels);
    CHECK(upload.bytes() == (pixels ? 12 : 48));
    const Node node{.name = "reader", .layer = Reshape{}, .inputs = {0}, .shape = {6}};
    const TensorDescription floats{DataType::f32, shape};
    const auto reader = backend->prepare({.node = node, .src = {floats}, .dst = floats, .weights = {}});
    std::vector<DeviceArray> read;
    for (int sent = 0; sent < 5; ++sent) {
      std::byte* host = upload.next();
      for (int i = 0; i < 12; ++i) {
        const int number = 20 * sent + i;
        if (pixels)
          host[i] = static_cast<std::byte>(number);
        else
          reinterpret_cast<float*>(host)[i] = static_cast<float>(number);
      }
      upload.send();
      read.emplace_back(memory, 12 * sizeof(float));
      const std::byte* src = input.data();
      const RunContext context;
      Bindings bindings;
      bindings.src = std::span(&src, 1);
      bindings.dst = read.back().data();
      bindings.context = &context;
      reader->run(bindings);
    }
    for (int sent = 0; sent < 5; ++sent) {
      std::array<float, 12> found{};
      read[static_cast<std::size_t>(sent)].download(reinterpret_cast<std::byte*>(found.data()));
      for (int i = 0; i < 12; ++i)
        CHECK(static_cast<int>(found[static_cast<std::size_t>(i)]) == 20 * sent + i);
    }
  }
}

TEST_CASE("what goes on beside is not waited for unless a mark is") {
  const auto memory = make_apart_backend()->memory(), copies = memory->beside();
  REQUIRE(copies);
  const DeviceArray array(memory, 4);
  const auto staging = memory->allocate_staging(4);
  const auto mark = copies->make_mark();
  mark->wait();
  memory->wait();
  std::array<std::byte, 4> found{};
  staging.get()[0] = std::byte{7};
  copies->upload(staging.get(), array.data(), 4);
  copies->set(*mark);
  array.download(found.data());
  CHECK(found[0] == std::byte{0});
  memory->wait_for(*mark);
  staging.get()[0] = std::byte{8};  // too early
  array.download(found.data());
  CHECK(found[0] == std::byte{8});
}

TEST_CASE("a class number that the network does not have is an error on every device") {
  const Graph graph = small_network(false);
  const Noise noise;
  constexpr std::array<std::int32_t, batch> wrong = {2, 0, 3, 1, 0};
  for (const auto& backend : {make_reference_backend(), make_apart_backend()}) {
    TrainingPlan plan = compile_training(graph, initialize(graph, 4), backend, {.batch = batch});
    CHECK_THROWS_WITH_AS(plan.forward_backward({&noise, batch, wrong.data()}, {}),
                         "loss: sample 2 has the class number 3; the network tells 3 classes, 0 to 2 apart",
                         Error);
  }
}

TEST_CASE("a plan reads an input where it lies, and leaves it as it is") {
  GraphBuilder g("small");
  const Value input = g.input({4});
  const Value scaled = g.add("scaled", Rescaling{2.0f, 1.0f}, input);
  const Value sum = g.add("sum", Add{}, {scaled, scaled});
  const Graph chain = GraphBuilder(g).build({sum});
  const Graph with_input = std::move(g).build({sum, input});
  const std::array<float, 4> data = {1, 2, -3, 4}, others = {5, 6, 7, 8};
  const auto bytes = [](const std::array<float, 4>& numbers) {
    return reinterpret_cast<const std::byte*>(numbers.data());
  };
  for (const auto& backend : {make_reference_backend(), make_apart_backend()}) {
    CAPTURE(backend->name());
    for (const Graph* graph : {&chain, &with_input}) {
      Plan plan = compile(*graph, {}, backend, {.batch = 1, .optimize = false});
      const auto check = [&](const std::array<float, 4>& numbers) {
        plan.run();
        for (std::size_t i = 0; i < 4; ++i) {
          CHECK(reinterpret_cast<const float*>(plan.output())[i] == 2 * (2 * numbers[i] + 1));
          if (graph == &with_input) CHECK(reinterpret_cast<const float*>(plan.output(1))[i] == numbers[i]);
        }
      };
      for (const auto* numbers : {&data, &others, &data}) {
        plan.read_input_from(0, bytes(*numbers));
        check(*numbers);
      }
      CHECK(data == std::array<float, 4>{1, 2, -3, 4});
      plan.read_input_from(0, nullptr);
      std::memcpy(plan.input(), others.data(), sizeof(others));
      check(others);
    }
  }
}
