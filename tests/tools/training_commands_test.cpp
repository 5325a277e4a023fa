#include <doctest/doctest.h>

#include <filesystem>
#include <random>
#include <string>

#include "tests/event_file_reader.h"
#include "tests/tools/run_command.h"

namespace fs = std::filesystem;

namespace {

// Twelve tiny pictures of each of five flowers, and the smallest network that is trained from scratch on
// them.
struct Setting {
  TemporaryFolder folder;
  std::string data = folder / "data";

  Setting() {
    REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 12 --image-size 46").code == 0);
  }

  std::string train(const std::string& more) const {
    return "petal train " + data + " --model cnn_augmented --image-size 46 --batch-size 7 --threads 2 " +
           more;
  }
};

// The lines of a history but their seconds and what waiting for input took, which no two runs share.
std::string without_times(const std::string& csv) {
  std::string text;
  std::size_t column = 0;
  for (const char c : csv) {
    if (c == ',' || c == '\n') {
      text += c;
      column = c == ',' ? column + 1 : 0;
    } else if (column != 5 && column != 7) {
      text += c;
    }
  }
  return text;
}

// The steps and values of TensorBoard's events, without their times.
std::vector<std::pair<std::int64_t, std::map<std::string, float>>> events_of(const std::string& folder) {
  std::vector<std::pair<std::int64_t, std::map<std::string, float>>> events;
  for (auto& event : petal::test::scalar_events(folder)) events.emplace_back(event.step, event.scalars);
  return events;
}

void check_refused(const CommandResult& result, const std::string& text) {
  CHECK(result.code == 2);
  CHECK_MESSAGE(result.err.find(text) != std::string::npos, "expected '", text, "' in: ", result.err);
}

}  // namespace

TEST_CASE("a training that is killed at random moments ends as one that never was") {
  const Setting s;
  const std::string whole = s.folder / "whole", killed = s.folder / "killed";
  const std::string options = "--epochs 4 --dropout 0.3 --checkpoint-seconds 0 --reduce-on-plateau 1 ";
  REQUIRE(run_command(s.train(options + "--out " + whole)).code == 0);
  std::mt19937 random(1);
  int kills = 0, code = -1;
  while (code != 0 && kills < 200) {
    const int milliseconds = 60 + static_cast<int>(random() % 250);
    const CommandResult result =
        run_command("timeout -s KILL 0." + std::to_string(1000 + milliseconds).substr(1) + " " +
                    s.train(options + "--resume --out " + killed));
    code = result.code;
    // A slow machine gets nowhere in so short a time: the last try takes as long as it needs.
    if (code != 0 && ++kills == 40) {
      code = run_command(s.train(options + "--resume --out " + killed)).code;
      break;
    }
  }
  MESSAGE("killed ", kills, " times");
  REQUIRE(code == 0);
  CHECK(kills > 0);
  CHECK(read_text(killed + "/predictions.csv") == read_text(whole + "/predictions.csv"));
  CHECK(without_times(read_text(killed + "/history.csv")) ==
        without_times(read_text(whole + "/history.csv")));
  for (const char* series : {"/train", "/validation"}) {
    CHECK(events_of(whole + series).size() == 4);
    CHECK(events_of(killed + series) == events_of(whole + series));
  }
}

TEST_CASE(
    "equal seeds and threads give equal numbers; the order of augmentation draws depends on no thread") {
  const Setting s;
  const std::string a = s.folder / "a", b = s.folder / "b", c = s.folder / "c";
  REQUIRE(run_command(s.train("--epochs 2 --deterministic --out " + a)).code == 0);
  REQUIRE(run_command(s.train("--epochs 2 --deterministic --out " + b)).code == 0);
  REQUIRE(run_command(s.train("--epochs 2 --seed 2 --out " + c)).code == 0);
  CHECK(read_text(a + "/options.json").find("\"deterministic\": true") != std::string::npos);
  CHECK(read_text(c + "/options.json").find("\"deterministic\": false") != std::string::npos);
  CHECK(read_text(a + "/predictions.csv") == read_text(b + "/predictions.csv"));
  CHECK(read_text(a + "/predictions.csv") != read_text(c + "/predictions.csv"));
}

TEST_CASE("training options that are wrong are refused before any work, with what is known") {
  const Setting s;
  const auto run = [&](const std::string& more) { return run_command(s.train("--epochs 1 " + more)); };
  check_refused(run("--augment mirror"), "--augment");
  check_refused(run("--optimizer lion"), "adagrad");
  check_refused(run("--optimizer sgd,beta=1"), "momentum");
  check_refused(run("--schedule linear"), "cosine");
  check_refused(run("--schedule cosine,initial_learning_rate=0.1 --learning-rate 0.2"), "--schedule");
  check_refused(run("--schedule cosine --reduce-on-plateau 2"), "--reduce-on-plateau");
  check_refused(run("--clip-norm 1 --clip-value 1"), "--clip");
  check_refused(run("--weights x.h5"), "--weights");
  check_refused(run("--fine-tune conv2d"), "--fine-tune");
  check_refused(run("--loss binary_crossentropy"), "2 classes");
  check_refused(run("--resume"), "--out");
  check_refused(run_command("petal train " + s.data + " --model cnn --image-size 46 --batch-size 5000"),
                "5000");
  check_refused(run_command("petal train " + s.data + " --image-size 32 --alpha 0.35 --fine-tune block_99"),
                "block_9");
}

TEST_CASE("a loss that is not finite says when it happened and what to change") {
  const Setting s;
  const CommandResult result = run_command(s.train("--epochs 3 --optimizer sgd --learning-rate 1e20"));
  CHECK(result.code == 1);
  CHECK_MESSAGE(result.err.find("in epoch 1, batch") != std::string::npos, result.err);
  CHECK_MESSAGE(result.err.find("--learning-rate") != std::string::npos, result.err);
}

TEST_CASE(
    "--fast-decode is remembered by the run, said by evaluate and predict, and has features of its own") {
  const TemporaryFolder folder;
  const std::string data = folder / "data", fast = folder / "fast", exact = folder / "exact";
  REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 6 --image-size 80").code == 0);
  const auto train = [&](const std::string& more) {
    const CommandResult result =
        run_command("petal train " + data + " --model mobilenet_v2 --alpha 0.35 --image-size 32 --epochs 1 " +
                    "--cache " + (folder / "cache").string() + " --force --out " + more);
    REQUIRE_MESSAGE(result.code == 0, result.err);
    return result.err;
  };
  CHECK(train(exact).find("features: 0 from the cache, 30 computed") != std::string::npos);
  CHECK(train(fast + " --fast-decode").find("features: 0 from the cache, 30 computed") != std::string::npos);
  CHECK(train(fast + " --fast-decode").find("features: 30 from the cache") != std::string::npos);
  CHECK(train(exact).find("features: 30 from the cache") != std::string::npos);
  CHECK(read_text(fast + "/options.json").find("\"fast_decode\": true") != std::string::npos);
  CHECK(read_text(fast + "/predictions.csv") != read_text(exact + "/predictions.csv"));

  const auto predict = [&](const std::string& source, const std::string& more) {
    return run_command("petal predict " + source + " " + data + "/rose --csv " + more);
  };
  const CommandResult as_trained = predict(fast, "");
  CHECK(as_trained.err.find("as " + fast + " was trained") != std::string::npos);
  CHECK(predict(fast, "--fast-decode").out == as_trained.out);
  CHECK(predict(fast, "--no-fast-decode").out != as_trained.out);
  CHECK(predict(fast, "--no-fast-decode").err.empty());
  CHECK(predict(exact, "").err.empty());
  CHECK(predict(exact, "").out == predict(exact, "--no-fast-decode").out);
  CHECK(predict(exact, "--fast-decode").out != predict(exact, "").out);
  CHECK(run_command("petal evaluate " + fast + " " + data).err.find("was trained") != std::string::npos);
}
