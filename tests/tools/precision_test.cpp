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

TEST_CASE(
    "--precision bf16 trains from scratch, is timed and profiled in training, and f16 is refused without a "
    "GPU") {
  const TemporaryFolder folder;
  const std::string data = folder / "data", run = folder / "run";
  REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 4 --image-size 46").code == 0);
  const std::string train =
      "petal train " + data + " --model cnn_augmented --image-size 46 --epochs 1 --json --out " + run;
  const CommandResult trained = run_command(train + " --precision bf16");
  REQUIRE(trained.code == 0);
  CHECK(json::parse(trained.out)["precision"] == "bf16");
  const CommandResult refused = run_command(train + " --force --precision f16");
  CHECK(refused.code == 2);
  CHECK(refused.err.find("--precision: f16 is for GPUs; give --device cuda with it, or take bf16") !=
        std::string::npos);

  const CommandResult timed = run_command(
      "petal bench cnn --mode training --precision bf16 --image-size 46 --batch 4 --seconds 0.1 --json");
  REQUIRE(timed.code == 0);
  CHECK(json::parse(timed.out)["results"][0]["precision"] == "bf16");
  const CommandResult profiled = run_command(
      "petal profile cnn --mode from_scratch --precision bf16 --image-size 46 --batch 4 --seconds 0.1");
  REQUIRE(profiled.code == 0);
  CHECK(profiled.out.find("backward_weights") != std::string::npos);
}

}  // namespace
