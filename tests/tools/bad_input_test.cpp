#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/tools/run_command.h"

namespace fs = std::filesystem;

namespace {

// Eight tiny pictures of each of two classes, and a tiny base: what every case here starts from.
struct Setting {
  TemporaryFolder folder;
  std::string data = folder / "data", out = folder / "run";

  Setting() {
    REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 8 --image-size 32").code == 0);
    for (const char* kind : {"dandelion", "rose", "sunflower"}) fs::remove_all(data + "/" + kind);
  }

  // Options that `more` does not set are those of the tiny base.
  CommandResult train(const std::string& more) const {
    std::string command = "petal train " + data + " " + more;
    for (const auto& [option, value] : {std::pair<std::string, std::string>{"--model", "mobilenet_v2"},
                                        {"--alpha", "0.35"},
                                        {"--image-size", "32"},
                                        {"--epochs", "2"},
                                        {"--out", out}}) {
      if (more.find(option + " ") == std::string::npos) command += " " + option + " " + value;
    }
    return run_command(command);
  }
};

// The run ended as bad input does: exit code 2, a message that holds the text, and nothing at the final name.
void check_refused(const CommandResult& result, const std::string& text) {
  CHECK(result.code == 2);
  CHECK_MESSAGE(result.err.find(text) != std::string::npos, "expected '", text, "' in: ", result.err);
}

}  // namespace

TEST_CASE("a sound run trains, and its folder is complete") {
  const Setting s;
  const CommandResult result = s.train("");
  CHECK_MESSAGE(result.code == 0, result.err);
  for (const char* name : {"model.h5", "labels.txt", "metrics.json", "history.csv", "split.csv",
                           "predictions.csv", "report.html"}) {
    CHECK_MESSAGE(fs::exists(s.out + "/" + name), name);
  }
  CHECK(read_text(s.out + "/labels.txt") == "daisy\ntulip\n");
  CHECK(run_command("petal predict " + s.out + " " + s.data + "/daisy --top 1 --csv").code == 0);
  CHECK(run_command("petal evaluate " + s.out + " " + s.data + " --json").code == 0);
  CHECK(run_command("petal summary " + s.out).out.find("predictions (Dense)") != std::string::npos);
  CHECK(run_command("petal inspect " + s.out + "/model.h5").code == 0);
  check_refused(s.train(""), "--force");
  CHECK(s.train("--force").code == 0);
  fs::create_directories(s.folder / "mine");
  write_text(s.folder / "mine/letter.txt", "dear all");
  check_refused(run_command("petal train " + s.data + " --alpha 0.35 --image-size 32 --out " +
                            s.folder.path().string() + "/mine --force"),
                "mine");
  CHECK(read_text(s.folder / "mine/letter.txt") == "dear all");
}

TEST_CASE("data folders that cannot be trained on") {
  const Setting s;
  check_refused(run_command("petal train " + s.folder.path().string() + "/nowhere"), "nowhere");
  check_refused(run_command("petal train " + s.data + "/daisy/0000.jpg"), "0000.jpg");
  fs::create_directories(s.folder / "empty");
  check_refused(run_command("petal train " + s.folder.path().string() + "/empty"), "empty");
  fs::create_directories(s.data + "/rose");
  check_refused(s.train(""), "rose");
  fs::copy_file(s.data + "/daisy/0000.jpg", s.data + "/rose/only.jpg");
  check_refused(s.train(""), "rose");
  fs::remove_all(s.data + "/rose");
  fs::remove_all(s.data + "/tulip");
  check_refused(s.train(""), "daisy");
  CHECK(!fs::exists(s.out));
}

TEST_CASE("photos that cannot be decoded are named, left out and counted; --strict stops") {
  const Setting s;
  write_text(s.data + "/daisy/letter.jpg", "dear all,\nthis is no photo\n");
  fs::copy_file(s.data + "/tulip/0001.jpg", s.data + "/tulip/cut.jpg");
  fs::resize_file(s.data + "/tulip/cut.jpg", 60);
  const CommandResult result = s.train("");
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.err.find("letter.jpg") != std::string::npos);
  CHECK(result.err.find("cut.jpg") != std::string::npos);
  CHECK(read_text(s.out + "/metrics.json").find("\"skipped\": 2") != std::string::npos);
  fs::remove_all(s.out);
  check_refused(s.train("--strict"), ".jpg");
  CHECK(!fs::exists(s.out));
  check_refused(
      run_command("petal predict mobilenet_v2 --alpha 0.35 --image-size 32 " + s.data + "/daisy/letter.jpg"),
      "letter.jpg");
}

TEST_CASE("weights that do not fit are refused with what differs") {
  const Setting s;
  check_refused(s.train("--weights " + s.folder.path().string() + "/none.h5"), "none.h5");
  write_text(s.folder / "text.h5", "this is not HDF5");
  check_refused(s.train("--weights " + s.folder.path().string() + "/text.h5"), "text.h5");
  REQUIRE(s.train("").code == 0);
  const std::string model = s.out + "/model.h5";
  fs::copy_file(model, s.folder / "cut.h5");
  fs::resize_file(s.folder / "cut.h5", fs::file_size(model) / 2);
  check_refused(s.train("--force --weights " + s.folder.path().string() + "/cut.h5"), "cut.h5");
  const CommandResult alpha = s.train("--force --alpha 0.5 --weights " + model);
  check_refused(alpha, "model.h5");
  check_refused(run_command("petal predict " + s.folder.path().string() + "/cut.h5 " + s.data + "/daisy"),
                "cut.h5");
  CHECK(fs::exists(model));
}

TEST_CASE("options out of range are refused by name") {
  const Setting s;
  for (const auto& [option, name] : {std::pair{"--model vgg16", "mobilenet_v2"},
                                     {"--image-size 7", "--image-size"},
                                     {"--alpha 0.6", "--alpha"},
                                     {"--epochs 0", "--epochs"},
                                     {"--batch-size 0", "--batch-size"},
                                     {"--optimizer lion", "adam"},
                                     {"--dropout 1", "dropout"},
                                     {"--split random", "stratified"},
                                     {"--validation-split 1.5", "--validation-split"},
                                     {"--learning-rate -1", "--learning-rate"},
                                     {"--device cuda", "--device"},
                                     {"--device cuda:all", "--device cuda: "},
                                     {"--device cuda:", "'cuda:' does not name GPUs"},
                                     {"--device cuda:0,", "'cuda:0,' does not name GPUs"},
                                     {"--device cuda:-1", "'cuda:-1' does not name GPUs"},
                                     {"--device cuda:0,two", "cuda:0,1 or cuda:all"},
                                     {"--device cuda:99999999999", "does not name GPUs"},
                                     {"--device cuda:1,0,1", "names GPU 1 twice"},
                                     {"--device cuda0", "known are cpu, cuda"},
                                     {"--device tpu", "cpu"},
                                     {"--tf32", "--tf32: is of GPUs"},
                                     {"--autotune", "--autotune: is of GPUs"},
                                     {"--gpu-memory 4G", "--gpu-memory: is of GPUs"},
                                     {"--gpu-memory much", "--gpu-memory"},
                                     {"--precision f8", "f32"},
                                     {"--class-weights heavy", "balanced"},
                                     {"--no-such-option", "no-such-option"}}) {
    INFO(option);
    check_refused(s.train(option), name);
  }
  CHECK(!fs::exists(s.out));
  CHECK(run_command("petal").code == 2);
  CHECK(run_command("petal fly").code == 2);
  CHECK(run_command("petal --help").code == 0);
  CHECK(run_command("train_mobilenet_v2 --help").code == 0);
}

TEST_CASE("a missed accuracy ends with 3, after the run was written") {
  const Setting s;
  // The same picture in both classes: half of the answers are wrong, whatever was learnt.
  for (int i = 0; i < 8; ++i) {
    for (const char* kind : {"daisy", "tulip"}) {
      const std::string photo = s.data + "/" + kind + "/000" + std::to_string(i) + ".jpg";
      if (photo != s.data + "/daisy/0000.jpg") {
        fs::copy_file(s.data + "/daisy/0000.jpg", photo, fs::copy_options::overwrite_existing);
      }
    }
  }
  const CommandResult result = s.train("--assert-accuracy 0.75");
  CHECK(result.code == 3);
  CHECK(fs::exists(s.out + "/model.h5"));
}

TEST_CASE("a full disk leaves nothing under a final name, and keeps what was there") {
  const Setting s;
  // Files beyond 64 KB cannot be written under this limit: the model is larger.
  const std::string limited = "trap '' XFSZ; ulimit -f 128; petal train " + s.data +
                              " --alpha 0.35 --image-size 32 --epochs 1 --no-cache --force --out " + s.out;
  const CommandResult first = run_command(limited);
  CHECK(first.code == 1);
  CHECK_MESSAGE(first.err.find("model.h5") != std::string::npos, first.err);
  CHECK(!fs::exists(s.out));
  REQUIRE(s.train("--resume").code == 0);
  const std::string before = read_text(s.out + "/model.h5");
  CHECK(run_command(limited).code == 1);
  CHECK(read_text(s.out + "/model.h5") == before);
  for (const auto& entry : fs::directory_iterator(s.folder.path())) {
    CHECK_MESSAGE(entry.path().string().find(".part") == std::string::npos, entry.path().string());
  }
}
