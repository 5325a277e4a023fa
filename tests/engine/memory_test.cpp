#include "engine/memory.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <deque>
#include <vector>

#include "engine/batch_plan.h"
#include "engine/error.h"
#include "engine/input_upload.h"
#include "engine/training_plan.h"
#include "kernels/reference/backend.h"
#include "tests/apart_backend.h"

using namespace petal;
using petal::testing::make_apart_backend;

namespace {

constexpr std::int64_t batch = 5;

// Augmentation, convolutions, a regulariser, dropout, two readers; with `normalized` a batch norm that
// learns.
Graph small_network(bool normalized, float l2 = 0.01f) {
  GraphBuilder g("small");
  Value x = g.input({6, 6, 2});
  x = g.add("flip", RandomFlip{}, x);
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}, .kernel_regularizer = {.l2 = l2}}, x);
  if (normalized) x = g.add("bn", BatchNormalization{}, x);
  Value y = g.add("relu", Activation{ActivationFunction::relu}, x);
  y = g.add("pointwise", Conv2D{.filters = 4}, y);
  x = g.add("sum", Add{}, {x, y, x});
  x = g.add("pool", MaxPooling2D{}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("dropout", Dropout{0.3f}, x);
  x = g.add("predictions", Dense{.units = 3, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

class Noise : public SampleSource {
 public:
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    const RandomStream random(2, RandomPurpose::drawing);
    for (std::int64_t i = 0; i < 72 * count; ++i) {
      dst[i] = random.uniform(static_cast<std::uint32_t>(72 * first + i)) * 2 - 1;
    }
  }
};

constexpr std::array<std::int32_t, batch> targets = {2, 0, 1, 1, 0};
constexpr std::array<float, batch> sample_weights = {1.0f, 0.5f, 2.0f, 0.25f, 1.5f};
constexpr std::array<std::uint32_t, batch> samples = {90, 7, 31, 5, 66};

void append(std::vector<float>& all, std::span<const float> more) {
  all.insert(all.end(), more.begin(), more.end());
}

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

namespace {

// Pixels of one step's batch.
class Pixels : public SampleSource {
 public:
  explicit Pixels(std::uint32_t step) : step_(step) {}
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = 0; i < 72 * count; ++i) dst[i] = pixel(72 * first + i);
  }
  void write_pixels(std::size_t, std::int64_t first, std::int64_t count, std::uint8_t* dst) const override {
    for (std::int64_t i = 0; i < 72 * count; ++i) dst[i] = pixel(72 * first + i);
    ++writes;
  }
  mutable int writes = 0;

 private:
  std::uint8_t pixel(std::int64_t i) const {
    const RandomStream random(2, RandomPurpose::drawing, step_);
    return static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(i), 256));
  }
  std::uint32_t step_;
};

// Losses and predictions of seven steps, each of other pixels, targets and samples, the last two short; as
// many at once as `at_once`; then the weights.
std::vector<float> trained_in_flight(const std::shared_ptr<const Backend>& backend, bool normalized,
                                     bool pixels, int at_once) {
  // A penalty would be waited for.
  const Graph graph = small_network(normalized, 0.0f);
  TrainingPlan plan =
      compile_training(graph, initialize(graph, 4), backend,
                       {.batch = batch, .optimizer = SGD{.momentum = 0.9f}, .pixels = pixels});
  REQUIRE(plan.steps_at_once() >= at_once);
  std::vector<float> seen;
  std::deque<std::int64_t> counts;
  const auto finish = [&] {
    seen.push_back(static_cast<float>(plan.finish()));
    append(seen, {plan.predictions(), static_cast<std::size_t>(3 * counts.front())});
    counts.pop_front();
  };
  for (std::uint32_t step = 0; step < 7; ++step) {
    const Pixels source(step);
    std::array<std::int32_t, batch> labels = targets;
    std::rotate(labels.begin(), labels.begin() + step % batch, labels.end());
    std::array<std::uint32_t, batch> identities = samples;
    identities[0] = step;
    counts.push_back(step < 5 ? batch : 3);
    plan.start({&source, counts.back(), labels.data(), sample_weights},
               {.seed = 3, .epoch = 2, .samples = identities});
    plan.update(1e-4f * static_cast<float>(step + 1));
    CHECK(source.writes == (pixels && backend->memory()->is_apart() ? 1 : 0));
    // Nothing may be read of these any more.
    labels.fill(99);
    identities.fill(99);
    if (static_cast<int>(counts.size()) == at_once) finish();
  }
  while (!counts.empty()) finish();
  Weights weights;
  plan.store(weights);
  for (const WeightDeclaration& declaration : graph.weights())
    append(seen, weights.at(declaration.name).values());
  return seen;
}

}  // namespace

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

TEST_CASE("steps under way at once, of floats and of pixels, give the bits of one after the other") {
  for (const bool normalized : {false, true}) {
    const std::vector<float> expected = trained_in_flight(make_reference_backend(), normalized, false, 1);
    CHECK(std::ranges::none_of(expected, [](float number) { return number != number; }));
    for (const bool pixels : {false, true}) {
      for (const int at_once : {1, 2}) {
        CAPTURE(pixels);
        CAPTURE(at_once);
        const bool same = trained_in_flight(make_apart_backend(), normalized, pixels, at_once) == expected;
        CHECK(same);
      }
    }
    const bool on_the_host = trained_in_flight(make_reference_backend(), normalized, true, 1) == expected;
    CHECK(on_the_host);
  }
}

TEST_CASE("on a device a step is begun, and its weights' update, without waiting for the one before") {
  const auto memory = std::make_shared<testing::ApartMemory>();
  const auto backend = make_apart_backend(make_reference_backend(), memory);
  const Graph graph = small_network(true, 0.0f);
  TrainingPlan plan = compile_training(graph, initialize(graph, 4), backend,
                                       {.batch = batch, .clipping = {.value = 0.1f}, .pixels = true});
  const auto start = [&](std::uint32_t step) {
    const Pixels source(step);
    plan.start({&source, batch, targets.data(), sample_weights}, {.samples = samples});
    plan.update(1e-3f);
  };
  memory->wait();
  const std::size_t before = memory->order().done();
  start(0);
  CHECK(memory->order().done() == before);
  const std::size_t step_work = memory->order().end() - before;
  CHECK(step_work > 20);
  // The host writes where the first step's samples were read from: these have gone up by now, no more.
  start(1);
  CHECK(memory->order().done() - before < step_work / 3);
  plan.finish();
  CHECK(memory->order().done() - before < step_work + step_work / 3);
  plan.finish();
}

TEST_CASE("on a device a batch is read and begun while the one before is computed, as floats and as pixels") {
  const Graph graph = small_network(true);
  const Weights weights = initialize(graph, 4);
  std::vector<std::vector<float>> expected;
  BatchPlan on_host = compile_batch(graph, weights, make_reference_backend(), {.batch = batch});
  CHECK(on_host.runs_at_once() == 1);
  for (std::uint32_t run = 0; run < 5; ++run) {
    const std::int64_t count = run == 3 ? 2 : batch;
    expected.emplace_back(static_cast<std::size_t>(3 * count));
    on_host.run(Pixels(run), count, expected.back().data());
  }
  for (const bool pixels : {false, true}) {
    CAPTURE(pixels);
    const auto memory = std::make_shared<testing::ApartMemory>();
    const auto backend = make_apart_backend(make_reference_backend(), memory);
    BatchPlan plan = compile_batch(graph, weights, backend, {.batch = batch, .pixels = pixels});
    REQUIRE(plan.runs_at_once() == 2);
    memory->wait();
    const std::size_t before = memory->order().done();
    std::vector<std::vector<float>> found = expected;
    for (std::vector<float>& rows : found) std::ranges::fill(rows, -1.0f);
    const auto start = [&](std::uint32_t run) {
      plan.start(Pixels(run), static_cast<std::int64_t>(found[run].size() / 3), found[run].data());
    };
    start(0);
    CHECK(memory->order().done() == before);
    const std::size_t run_work = memory->order().end() - before;
    start(1);
    CHECK(memory->order().done() - before < run_work);
    CHECK_THROWS_AS(start(2), Error);
    for (std::uint32_t run = 2; run < 5; ++run) {
      plan.finish();
      CHECK(found[run - 2] == expected[run - 2]);
      start(run);
    }
    plan.finish();
    plan.finish();
    CHECK(found == expected);
    CHECK_THROWS_AS(plan.finish(), Error);
  }
}

TEST_CASE("a step beyond those that may be under way, and one that was never started, are errors") {
  const Graph graph = small_network(false);
  const Noise noise;
  for (const auto& backend : {make_reference_backend(), make_apart_backend()}) {
    TrainingPlan plan = compile_training(graph, initialize(graph, 4), backend, {.batch = batch});
    CHECK(plan.steps_at_once() == (backend->memory()->is_apart() ? 2 : 1));
    CHECK_THROWS_AS(plan.finish(), Error);
    for (int step = 0; step < plan.steps_at_once(); ++step) plan.start({&noise, batch, targets.data()}, {});
    CHECK_THROWS_AS(plan.start({&noise, batch, targets.data()}, {}), Error);
    for (int step = 0; step < plan.steps_at_once(); ++step) CHECK(plan.finish() > 0);
    CHECK_THROWS_AS(plan.finish(), Error);
  }
  TrainingPlan pieces =
      compile_training(graph, initialize(graph, 4), make_apart_backend(), {.batch = batch, .micro_batch = 2});
  CHECK(pieces.steps_at_once() == 1);
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
