#include "engine/batch_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

// Photos that are all different.
class Numbers final : public SampleSource {
 public:
  explicit Numbers(std::int64_t elements) : elements_(elements) {}
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = 0; i < count * elements_; ++i)
      dst[i] = static_cast<float>(((first * elements_ + i) * 2654435761u >> 16) % 256);
  }

 private:
  std::int64_t elements_;
};

// The same photos, in memory.
class InMemory final : public SampleSource {
 public:
  InMemory(std::int64_t elements, std::int64_t count)
      : elements_(elements), photos_(static_cast<std::size_t>(elements * count)) {
    Numbers(elements).write(0, 0, count, photos_.data());
  }
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    written_ += count;
    std::copy_n(photos_.data() + first * elements_, count * elements_, dst);
  }
  const float* rows(std::size_t, std::int64_t first, std::int64_t) const override {
    return photos_.data() + first * elements_;
  }
  std::int64_t written() const { return written_; }
  const std::vector<float>& photos() const { return photos_; }

 private:
  std::int64_t elements_;
  std::vector<float> photos_;
  mutable std::atomic<std::int64_t> written_ = 0;
};

class Failing final : public SampleSource {
 public:
  void write(std::size_t, std::int64_t, std::int64_t, float*) const override {
    throw Error("photo", "cannot be read");
  }
};

std::vector<float> one_by_one(const Network& network, const SampleSource& source, std::int64_t count) {
  Plan plan = compile(network.graph, network.weights, cpu_backends()(1), {.batch = 1});
  const std::int64_t row = plan.outputs()[0].shape.elements();
  std::vector<float> rows(static_cast<std::size_t>(count * row));
  for (std::int64_t i = 0; i < count; ++i) {
    source.write(0, i, 1, reinterpret_cast<float*>(plan.input()));
    plan.run();
    std::memcpy(rows.data() + i * row, plan.output(), static_cast<std::size_t>(row) * sizeof(float));
  }
  return rows;
}

}  // namespace

TEST_CASE("a batch plan gives each sample its row, whatever the lanes, the micro-batch and the count") {
  const Network network = toy_classifier(12, 3);
  const Numbers photos(12 * 12 * 3);
  const std::vector<float> expected = one_by_one(network, photos, 13);
  for (const int threads : {1, 2, 3})
    for (const std::int64_t micro_batch : {0, 1, 4, 13})
      for (const std::int64_t count : {1, 5, 13}) {
        CAPTURE(threads);
        CAPTURE(micro_batch);
        CAPTURE(count);
        BatchPlan plan = compile_batch(network.graph, network.weights, cpu_backends()(threads),
                                       {.batch = 13, .micro_batch = micro_batch});
        CHECK(plan.lanes() <= threads);
        REQUIRE(plan.row_elements() == 3);
        std::vector<float> rows(static_cast<std::size_t>(count * 3), -1.0f);
        plan.run(photos, count, rows.data());
        for (std::size_t i = 0; i < rows.size(); ++i)
          CHECK(rows[i] == doctest::Approx(expected[i]).epsilon(1e-5));
      }
}

TEST_CASE("a batch plan reads samples where they lie, but for a micro-batch that is not full") {
  // An activation works in place where it may.
  GraphBuilder g("in_place");
  Value x = g.input({12, 12, 3});
  x = g.add("tanh", Activation{ActivationFunction::tanh}, x);
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  const Graph in_place = std::move(g).build({x});
  for (const Network& network : {toy_classifier(12, 3), Network{in_place, {}}}) {
    const InMemory photos(12 * 12 * 3, 13);
    const std::vector<float> before = photos.photos();
    const std::vector<float> expected = one_by_one(network, Numbers(12 * 12 * 3), 13);
    BatchPlan plan =
        compile_batch(network.graph, network.weights, cpu_backends()(2), {.batch = 13, .micro_batch = 4});
    for (const std::int64_t count : {13, 8, 13}) {
      std::vector<float> rows(static_cast<std::size_t>(count * 3), -1.0f);
      plan.run(photos, count, rows.data());
      for (std::size_t i = 0; i < rows.size(); ++i)
        CHECK(rows[i] == doctest::Approx(expected[i]).epsilon(1e-5));
    }
    CHECK(photos.written() == 2);
    CHECK(photos.photos() == before);
  }
}

TEST_CASE("a batch plan uses every core, and a device without lanes takes the batch whole") {
  const Network network = toy_classifier(12, 3);
  const BatchPlan plan = compile_batch(network.graph, network.weights, cpu_backends()(2), {.batch = 32});
  CHECK(plan.lanes() == 2);
  CHECK(plan.micro_batch() == 8);
  const BatchPlan small = compile_batch(network.graph, network.weights, cpu_backends()(2), {.batch = 6});
  CHECK(small.lanes() == 2);
  CHECK(small.micro_batch() == 3);
  const BatchPlan whole =
      compile_batch(network.graph, network.weights, reference_backends()(2), {.batch = 6});
  CHECK(whole.lanes() == 1);
  CHECK(whole.micro_batch() == 6);
}

TEST_CASE("what goes wrong in a lane is thrown by run, and the plan goes on afterwards") {
  const Network network = toy_classifier(12, 3);
  BatchPlan plan = compile_batch(network.graph, network.weights, cpu_backends()(2), {.batch = 8});
  std::vector<float> rows(8 * 3);
  CHECK_THROWS_WITH_AS(plan.run(Failing(), 8, rows.data()), "photo: cannot be read", Error);
  const Numbers photos(12 * 12 * 3);
  CHECK_THROWS_AS(plan.run(photos, 9, rows.data()), Error);
  CHECK_THROWS_AS(plan.run(photos, 0, rows.data()), Error);
  plan.run(photos, 8, rows.data());
  const std::vector<float> expected = one_by_one(network, photos, 8);
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(rows[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  CHECK_THROWS_AS(compile_batch(network.graph, network.weights, cpu_backends()(1), {.batch = 0}), Error);
}

TEST_CASE("a batch plan's profile sums the lanes and shows the last run of each") {
  const Network network = toy_classifier(12, 3);
  BatchPlan plan = compile_batch(network.graph, network.weights, cpu_backends()(2), {.batch = 8});
  const Numbers photos(12 * 12 * 3);
  std::vector<float> rows(8 * 3);
  plan.run(photos, 8, rows.data());
  CHECK(plan.profile().runs == 0);
  plan.set_profiling(true);
  for (int i = 0; i < 3; ++i) plan.run(photos, 8, rows.data());
  const Profile profile = plan.profile();
  REQUIRE(profile.entries.back().kind == "input");
  for (const ProfileEntry& entry : profile.entries) {
    CAPTURE(entry.name);
    CHECK(entry.runs == 3 * 8 / plan.micro_batch());
    CHECK(entry.seconds > 0);
  }
  for (const ProfileEvent& event : profile.events) {
    CHECK(event.end >= event.begin);
    CHECK(event.entry < static_cast<int>(profile.entries.size()));
    CHECK(event.lane < plan.lanes());
  }
}
