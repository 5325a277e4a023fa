// What plans ask of a device while the host goes on: runs and steps under way at once, and what they take.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "engine/batch_plan.h"
#include "engine/error.h"
#include "engine/training_plan.h"
#include "kernels/reference/backend.h"
#include "tests/apart_backend.h"
#include "tests/engine/small_network.h"

using namespace petal;
using namespace petal::testing;

namespace {

// Losses and predictions of seven steps, each of other pixels, targets and samples, the last two short; as
// many at once as `at_once`; then the weights.
std::vector<float> trained_in_flight(const std::shared_ptr<const Backend>& backend, bool normalized,
                                     bool pixels, int at_once) {
  const Graph graph = small_network(normalized);
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
  const Graph graph = small_network(true);
  TrainingPlan plan = compile_training(graph, initialize(graph, 4), backend,
                                       {.batch = batch, .clipping = {.norm = 0.1f}, .pixels = true});
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

TEST_CASE("a profile's times are those of the device, and make up the run") {
  const Graph graph = small_network(true);
  for (const auto& backend : {make_reference_backend(), make_apart_backend()}) {
    CAPTURE(backend->name());
    Plan plan = compile(graph, initialize(graph, 4), backend, {.batch = batch});
    plan.set_profiling(true);
    for (int run = 0; run < 3; ++run) {
      std::memset(plan.input(), 0, batch * 72 * sizeof(float));
      plan.run();
    }
    const Profile& profile = plan.profile();
    CHECK(profile.runs == 3);
    double sum = 0;
    for (const ProfileEntry& entry : profile.entries) {
      CHECK(entry.runs == 3);
      CHECK(entry.seconds > 0);
      sum += entry.seconds;
    }
    CHECK(sum == doctest::Approx(profile.seconds));
    for (std::size_t i = 1; i < profile.events.size(); ++i)
      CHECK(profile.events[i].begin == profile.events[i - 1].end);
  }
}

TEST_CASE("hundreds of steps take no more of a device's memory than the first few") {
  const auto memory = std::make_shared<testing::ApartMemory>();
  const auto backend = make_apart_backend(make_reference_backend(), memory);
  const Graph graph = small_network(true);
  TrainingPlan plan = compile_training(graph, initialize(graph, 4), backend,
                                       {.batch = batch, .clipping = {.norm = 0.1f}, .pixels = true});
  const auto steps = [&](int count) {
    for (int step = 0; step < count; ++step) {
      const Pixels source(static_cast<std::uint32_t>(step));
      const std::int64_t taken = step % 7 == 0 ? 3 : batch;
      plan.forward_backward({&source, taken, targets.data(), sample_weights}, {.samples = samples});
      plan.update(1e-3f);
    }
  };
  steps(9);
  const std::size_t blocks = memory->blocks();
  steps(300);
  CHECK(memory->blocks() == blocks);
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
