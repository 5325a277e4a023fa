#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/trainer/toy.h"
#include "trainer/metrics.h"
#include "trainer/performance/benchmark.h"
#include "trainer/performance/layer_profile.h"

using namespace petal;
using namespace petal::test;
using Json = nlohmann::json;

namespace {

constexpr BenchmarkTiming quick{.warm_up_seconds = 0.01, .seconds = 0.02};
const DeviceLimit limit{.operations_per_second = 1e11, .bytes_per_second = 1e10};

BenchmarkCase small_case(Work work, std::int64_t batch) {
  return {.name = "small",
          .source = "mobilenet_v2",
          .alpha = 0.35f,
          .image_size = 32,
          .work = work,
          .batch = batch,
          .threads = 2};
}

BenchmarkResult result_of(std::vector<double> milliseconds) {
  return {.what = {.name = "a, \"b\"", .source = "a", .batch = 4}, .milliseconds = std::move(milliseconds)};
}

}  // namespace

TEST_CASE("latencies are quantiles, and the rate is of the median") {
  std::vector<double> milliseconds;
  for (int i = 0; i <= 100; ++i) milliseconds.push_back(i);
  const BenchmarkResult result = result_of(milliseconds);
  CHECK(result.latency(0.5) == 50);
  CHECK(result.latency(0.9) == 90);
  CHECK(result.latency(0.99) == 99);
  CHECK(result.photos_per_second() == doctest::Approx(4 / 0.050));
  CHECK(result.spread() == doctest::Approx(0.8 / 0.5));
}

TEST_CASE("every kind of work is timed, with its operations and its share of the limit") {
  const BenchmarkResult one = run_benchmark(small_case(Work::inference, 1), cpu_backends(), limit, quick);
  CHECK(one.lanes == 1);
  CHECK(one.what.threads == 2);
  CHECK(one.milliseconds.size() >= 5);
  CHECK(one.parameters > 1'000'000);
  CHECK(one.peak_memory_bytes > 1'000'000);
  CHECK(one.share_of_limit ==
        doctest::Approx(static_cast<double>(one.operations) * one.photos_per_second() / 1e11));
  const BenchmarkResult many = run_benchmark(small_case(Work::inference, 6), cpu_backends(), limit, quick);
  CHECK(many.lanes == 2);
  CHECK(many.micro_batch == 3);
  CHECK(many.operations == one.operations);
  // A frozen base goes through forward alone; all of it trained through nearly three times as many
  // operations.
  const BenchmarkResult frozen = run_benchmark(small_case(Work::training, 4), cpu_backends(), limit, quick);
  const BenchmarkResult scratch =
      run_benchmark(small_case(Work::from_scratch, 4), cpu_backends(), limit, quick);
  CHECK(frozen.operations * 10 < one.operations * 12);
  CHECK(scratch.operations * 10 > frozen.operations * 25);
  BenchmarkCase half = small_case(Work::from_scratch, 4);
  half.precision = Precision::bf16;
  CHECK(run_benchmark(half, cpu_backends(), limit, quick).operations == scratch.operations);
}

TEST_CASE("what cannot be timed says why") {
  BenchmarkCase what = small_case(Work::training, 4);
  what.source = "/nowhere.h5";
  CHECK_THROWS_AS(run_benchmark(what, cpu_backends(), limit, quick), Error);
  CHECK_THROWS_AS(work_by_name("fast"), Error);
  CHECK_THROWS_AS(profile_rows_by_name("colour"), Error);
  const std::atomic<bool> stop = true;
  CHECK_THROWS_WITH_AS(run_benchmark(small_case(Work::inference, 1), cpu_backends(), limit, {.stop = &stop}),
                       "bench: interrupted", Error);
}

TEST_CASE("a benchmark's table, JSON, CSV and picture hold its numbers") {
  BenchmarkReport report{
      .machine = "machine",
      .device = "cpu",
      .limits = {{Precision::f32, Precision::f32, limit}, {Precision::bf16, Precision::f32, limit}},
      .results = {result_of({8, 10, 12})}};
  const Json json = Json::parse(to_json(report));
  CHECK(json["machine"]["limits"][0]["operations_per_second"] == 1e11);
  CHECK(json["machine"]["limits"][1]["precision"] == "bf16");
  CHECK(json["machine"]["limits"][1]["measured_in"] == "f32");
  CHECK(to_text(report).find("100 GFLOP/s in f32 matrix products (bf16 has no own here), 10.0 GB/s") !=
        std::string::npos);
  const Json& row = json["results"][0];
  CHECK(row["model"] == "a, \"b\"");
  CHECK(row["latency_ms"]["p50"] == 10);
  CHECK(row["images_per_second"] == doctest::Approx(400));
  CHECK_FALSE(row.contains("test_accuracy"));
  CHECK(to_csv(report).find("\n\"a, \"\"b\"\"\",inference,cpu,f32,4,") != std::string::npos);
  CHECK(to_text(report).find("400.0") != std::string::npos);
  CHECK(to_svg(report).find("400.0/s") != std::string::npos);
  report.results[0].accuracy = 0.9;
  CHECK(to_svg(report).find("by speed on machine</text>") != std::string::npos);
  CHECK(to_svg(report).find("<circle") != std::string::npos);
}

TEST_CASE("a profile's layers sum up to what it says, by layer, block and kind") {
  for (const Work work : {Work::inference, Work::training}) {
    const LayerProfile profile = profile_layers(small_case(work, 4), cpu_backends(), quick);
    CHECK(profile.lanes == 2);
    double sum = profile.input_milliseconds, shares = 0, operations = 0;
    for (const LayerTiming& layer : profile.layers) {
      sum += layer.milliseconds;
      shares += layer.share;
      operations += layer.operations;
      CHECK(layer.share_of_limit >= 0);
    }
    CHECK(sum == doctest::Approx(profile.profiled_milliseconds));
    CHECK(shares == doctest::Approx(1));
    // No bound on their ratio: on a busy machine steps of a millisecond differ by any factor.
    CHECK(profile.profiled_milliseconds > 0);
    CHECK(profile.step_milliseconds > 0);
    for (const ProfileRows rows : {ProfileRows::block, ProfileRows::kind}) {
      const std::vector<LayerTiming> groups = grouped(profile, rows);
      CHECK(groups.size() < profile.layers.size());
      double grouped_sum = 0, grouped_operations = 0;
      for (const LayerTiming& group : groups) {
        grouped_sum += group.milliseconds;
        grouped_operations += group.operations;
      }
      CHECK(grouped_sum + profile.input_milliseconds == doctest::Approx(profile.profiled_milliseconds));
      CHECK(grouped_operations == doctest::Approx(operations));
    }
  }
}

TEST_CASE("a profile in bf16 says which layers are: the images, not the head") {
  BenchmarkCase what = small_case(Work::inference, 1);
  what.precision = Precision::bf16;
  const LayerProfile profile = profile_layers(what, cpu_backends(), quick);
  std::map<std::string, int> counts;
  for (const LayerTiming& layer : profile.layers) {
    CAPTURE(layer.name);
    const bool is_head = layer.name.starts_with("predictions") || layer.kind == "Dense";
    CHECK(layer.precision == (is_head ? "f32" : "bf16"));
    ++counts[layer.precision];
  }
  CHECK(counts["bf16"] > 20);
  CHECK(counts["f32"] > 0);
  CHECK(Json::parse(to_json(profile))["layers"][0]["precision"] == "bf16");
  CHECK(to_text(profile, ProfileRows::layer, false, 0).find(" bf16 ") != std::string::npos);
}

TEST_CASE("a profile of training in bf16 says which steps are: the images and their gradients") {
  BenchmarkCase what = small_case(Work::from_scratch, 2);
  what.precision = Precision::bf16;
  std::map<std::string, int> counts;
  for (const LayerTiming& layer : profile_layers(what, cpu_backends(), quick).layers)
    ++counts[layer.phase + " " + layer.precision];
  for (const char* phase :
       {"forward bf16", "backward_data bf16", "backward_weights bf16", "backward_weights f32"}) {
    CAPTURE(phase);
    CHECK(counts[phase] > 0);
  }
  CHECK(counts["forward bf16"] > 20);
}

TEST_CASE("a profile's operations are the network's, and its trace has every step of every lane") {
  const LayerProfile profile = profile_layers(small_case(Work::inference, 4), cpu_backends(), quick);
  const BenchmarkResult timed = run_benchmark(small_case(Work::inference, 4), cpu_backends(), limit, quick);
  double operations = 0;
  for (const LayerTiming& layer : profile.layers) operations += layer.operations;
  CHECK(operations == doctest::Approx(4.0 * static_cast<double>(timed.operations)));

  const Json trace = Json::parse(to_trace(profile));
  std::map<int, std::size_t> steps;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    CHECK(event["dur"] >= 0);
    CHECK(event["ts"] >= 0);
    ++steps[event["tid"]];
  }
  // Of the two lanes one may have been so fast that the other never had work.
  REQUIRE(!steps.empty());
  for (const auto& [lane, count] : steps) {
    CAPTURE(lane);
    CHECK(lane < 2);
    CHECK(count == profile.layers.size() + 1);
  }

  const Json json = Json::parse(to_json(profile));
  CHECK(json["layers"].size() == profile.layers.size());
  CHECK(json["layers"][2]["dst"].get<std::string>().starts_with("(2, "));
  const std::string text = to_text(profile, ProfileRows::layer, true, 5);
  CHECK(text.find("from the step") != std::string::npos);
  CHECK(to_html(profile).find("block_16") != std::string::npos);
}
