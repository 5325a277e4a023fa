#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/run_command.h"

namespace {

using nlohmann::json;

TEST_CASE("--precision: bf16 predicts and evaluates as f32 does; auto is for where there are photos") {
  const TemporaryFolder folder;
  const std::string data = folder / "data", run = folder / "run";
  REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 8 --image-size 96").code == 0);
  const std::string base = " --model mobilenet_v2 --alpha 0.35 --image-size 96 --weights " PETAL_SOURCE
                           "/tools/quickstart_base/mobilenet_v2_0.35_96.h5 --no-cache ";
  const CommandResult trained =
      run_command("petal train " + data + base + "--epochs 10 --precision bf16 --out " + run);
  REQUIRE(trained.code == 0);
  CHECK(trained.err.find("bf16 against f32 on 40 photos") != std::string::npos);

  const auto probabilities = [&](const std::string& precision) {
    const CommandResult result =
        run_command("petal predict " + run + " " + data + " --json --precision " + precision);
    REQUIRE(result.code == 0);
    return json::parse(result.out)["predictions"];
  };
  const json expected = probabilities("f32"), found = probabilities("bf16");
  REQUIRE(found.size() == 40);
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const json& one : found[i]["top"]) {
      for (const json& other : expected[i]["top"]) {
        if (one["label"] != other["label"]) continue;
        largest = std::max(largest,
                           std::abs(one["probability"].get<double>() - other["probability"].get<double>()));
      }
    }
  }
  CHECK(largest < 0.05);
  CHECK(largest > 0);
  // Fewer photos than are worth a measurement: f32 on every processor, to the last bit.
  CHECK(probabilities("auto") == expected);

  const CommandResult evaluated =
      run_command("petal evaluate " + run + " " + data + " --json --precision bf16");
  REQUIRE(evaluated.code == 0);
  CHECK(json::parse(evaluated.out)["precision"] == "bf16");

  for (const std::string command : {"petal bench mobilenet ", "petal profile mobilenet "}) {
    const CommandResult refused = run_command(command + "--precision auto");
    CHECK(refused.code == 2);
    CHECK(refused.err.find("--precision: auto measures on photos") != std::string::npos);
  }
}

}  // namespace
