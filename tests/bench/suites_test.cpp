// Runs the programs that time operations and layers, as briefly as they go.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "kernels/cpu/backend.h"
#include "tests/kernels/case_tables.h"
#include "tests/tools/run_command.h"

using namespace petal;

namespace {

const std::string brief = " --benchmark_min_time=0.0001";

template <std::size_t... i>
std::set<std::string> layer_kinds(std::index_sequence<i...>) {
  return {std::string(std::variant_alternative_t<i, Layer>::kind)...};
}

// The shares that were printed, by group.
std::map<std::string, double> percents(const std::string& out) {
  std::map<std::string, double> sums;
  const std::regex line(
      "\n([^/\n]+/\\d+/[a-z_]+/[a-z]+)/.*/real_time +\\S+ us +\\S+ us +\\d+ +\\S+/s +\\S+/s +([0-9.]+m?) ");
  for (std::sregex_iterator found(out.begin(), out.end(), line), end; found != end; ++found) {
    const std::string number = (*found)[2];
    sums[(*found)[1]] += std::stod(number) * (number.back() == 'm' ? 1e-3 : 1);
  }
  return sums;
}

}  // namespace

TEST_CASE("every layer has a case table among those that are timed") {
  std::set<std::string> kinds;
  for (const std::vector<testing::Case>& table : testing::case_tables())
    for (const testing::Case& item : table) kinds.emplace(kind(item.layer));
  std::set<std::string> expected = layer_kinds(std::make_index_sequence<std::variant_size_v<Layer>>());
  expected.erase(std::string(Input::kind));
  for (const std::string& kind : expected) CHECK_MESSAGE(kinds.contains(kind), kind);
  CHECK(kinds.size() == expected.size());
}

TEST_CASE("bench_operations times every case in every direction that the backend has") {
  const TemporaryFolder folder;
  const std::string file = (folder / "out.json").string();
  const CommandResult result = run_command("bench_operations --threads 1 --benchmark_out=" + file + brief);
  REQUIRE_MESSAGE(result.code == 0, result.err);
  std::map<std::string, nlohmann::json> found;
  const nlohmann::json document = nlohmann::json::parse(read_text(file));
  for (const nlohmann::json& entry : document["benchmarks"]) found[entry["run_name"]] = entry;
  const auto backend = make_cpu_backend(1);
  std::size_t expected = 0;
  for (const std::vector<testing::Case>& table : testing::case_tables()) {
    for (const testing::Case& item : table) {
      const Node node = testing::node_of(item);
      for (const Direction direction : testing::directions_of(item)) {
        const std::string name = std::string(kind(item.layer)) + "/" + item.name + "/" +
                                 std::string(to_string(direction)) + "/cpu/real_time";
        const auto entry = found.find(name);
        const bool supported = backend->supports(node, Precision::f32, Direction::forward).supported &&
                               backend->supports(node, Precision::f32, direction).supported;
        CAPTURE(name);
        REQUIRE((entry != found.end()) == supported);
        if (!supported) continue;
        ++expected;
        CHECK(entry->second.value("label", "") != "");
        CHECK(entry->second["bytes"].get<double>() > 0);
        CHECK_FALSE(entry->second.contains("error_message"));
      }
    }
  }
  CHECK(found.size() == expected);
}

TEST_CASE("bench_operations: counters are of the work in the time taken") {
  const TemporaryFolder folder;
  const std::string file = (folder / "out.json").string();
  const CommandResult result = run_command(
      "bench_operations --device cpu,reference --threads 1 --directions forward,backward_weights"
      " '--benchmark_filter=^Dense/1280 to 5/' --benchmark_out=" +
      file + brief);
  REQUIRE_MESSAGE(result.code == 0, result.err);
  const nlohmann::json entries = nlohmann::json::parse(read_text(file))["benchmarks"];
  CHECK(entries.size() == 4);
  for (const nlohmann::json& entry : entries) {
    CAPTURE(entry.dump());
    const double seconds = entry["real_time"].get<double>() * 1e-6;
    CHECK(entry["FLOP"].get<double>() * seconds == doctest::Approx(3 * (2.0 * 1280 * 5 + 5)));
    CHECK(entry["bytes"].get<double>() * seconds == doctest::Approx(4 * (3 * 1280.0 + 1280 * 5 + 5 + 3 * 5)));
  }
}

TEST_CASE("bench_models times the layers of a list, their shares of the whole, and the whole") {
  const TemporaryFolder folder;
  const std::string list = (folder / "tiny.txt").string();
  write_text(
      list,
      "2 Conv2D N,6,6,4 filters=8 kernel=3x3 activation=relu\n1 Flatten N,4,4,8\n3 Dense N,128 units=5\n");
  const CommandResult result =
      run_command("bench_models " + list + " --batch 1,3 --directions forward,backward_weights" + brief);
  REQUIRE_MESSAGE(result.code == 0, result.err);
  std::map<std::string, double> sums = percents(result.out);
  CHECK(sums.size() == 4);
  for (const char* group : {"tiny/1/forward/cpu", "tiny/1/backward_weights/cpu", "tiny/3/forward/cpu",
                            "tiny/3/backward_weights/cpu"}) {
    CAPTURE(result.out);
    CHECK(sums[group] == doctest::Approx(100).epsilon(1e-3));
    const int layers = std::string(group).find("backward") == std::string::npos ? 6 : 5;
    CHECK(result.out.find(std::string("\n") + group + ": " + std::to_string(layers) + " layers, ") !=
          std::string::npos);
  }
  CHECK(result.out.find("tiny/3/forward/cpu/Conv2D N,6,6,4 filters=8 kernel=3x3 activation=relu") !=
        std::string::npos);
}

TEST_CASE("the suites tell wrong usage") {
  const TemporaryFolder folder;
  const std::string list = (folder / "bad.txt").string();
  write_text(list, "# a list\n1 Conv2D N,6,6,4 filter=8\n");
  const std::string good = PETAL_SOURCE "/bench/shapes/cnn.txt";
  const std::pair<std::string, std::string> cases[] = {
      {"bench_models " + list, list + ":2: Conv2D has no option 'filter'"},
      {"bench_models", "names no shape list"},
      {"bench_models " + good + " --batch 0", "--batch: 0 must be 1 to 4096"},
      {"bench_models " + good + " --batch 4097", "--batch: 4097 must be 1 to 4096"},
      {"bench_models --print vgg", "--model"},
      {"bench_operations --directions back", "--directions: 'back' is not known"},
      {"bench_operations --device gpu", "--device: 'gpu' is not known"},
      {"bench_operations --threads -1", "--threads: -1 must be 0 or more"},
      {"bench_operations --precision f8", "--precision: 'f8' is not known"},
      {"bench_operations --benchmark_filtr=x", "--benchmark_filtr"},
      {"bench_operations --benchmark_filter=no_such_case", "no_such_case"},
  };
  for (const auto& [command, expected] : cases) {
    CAPTURE(command);
    const CommandResult result = run_command(command);
    CHECK(result.code == 2);
    CHECK_MESSAGE(result.err.find(expected) != std::string::npos, result.err);
  }
}
