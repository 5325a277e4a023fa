#include <doctest/doctest.h>

#include <filesystem>

#include "tests/tools/run_command.h"

namespace fs = std::filesystem;

namespace {

const std::string tiny = "cnn --image-size 46 ";

void check_refused(const CommandResult& result, int code, const std::string& text) {
  CHECK(result.code == code);
  CHECK_MESSAGE(result.err.find(text) != std::string::npos, "expected '", text, "' in: ", result.err);
}

}  // namespace

TEST_CASE("export writes what the suffix or --to says") {
  const TemporaryFolder folder;
  const std::string place = folder.path().string();
  const std::string keras = folder / "model.h5", onnx = folder / "model.onnx", other = folder / "again.hdf5";
  const CommandResult result = run_command("petal export " + tiny + keras);
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.out.find("model.h5: ") == place.size() + 1);
  CHECK(read_text(keras).starts_with("\x89HDF\r\n"));
  CHECK(run_command("petal export " + keras + " --to onnx " + onnx).code == 0);
  CHECK(read_text(onnx).find("petal") < 16);
  CHECK(run_command("petal export " + keras + " --to onnx " + place + "/unnamed").code == 0);
  CHECK(read_text(place + "/unnamed") == read_text(onnx));
  CHECK(run_command("petal export " + keras + " --to keras " + other).code == 0);
  const std::string archive = folder / "model.keras";
  CHECK(run_command("petal export " + other + " " + archive).code == 0);
  CHECK(read_text(archive).starts_with("PK"));
  // Nothing is lost on the way: the copies give the same file.
  CHECK(run_command("petal export " + archive + " " + archive + ".onnx").code == 0);
  CHECK(read_text(archive + ".onnx") == read_text(onnx));
  CHECK(run_command("petal export " + other + " --force " + keras + ".onnx").code == 0);
  CHECK(read_text(keras + ".onnx") == read_text(onnx));
}

TEST_CASE("export with the labels of a file") {
  const TemporaryFolder folder;
  std::string labels;
  for (int i = 0; i < 5; ++i) labels += "kind" + std::to_string(i) + "\n";
  write_text(folder / "labels.txt", labels);
  const std::string onnx = folder / "model.onnx";
  const std::string named = "--labels " + (folder / "labels.txt").string() + " ";
  CHECK(run_command("petal export " + tiny + named + onnx).code == 0);
  CHECK(read_text(onnx).find(R"(["kind0","kind1","kind2","kind3","kind4"])") != std::string::npos);
}

TEST_CASE("export refuses what it cannot do, and leaves what is there") {
  const TemporaryFolder folder;
  const std::string file = folder / "model.onnx", place = folder.path().string();
  check_refused(run_command("petal export"), 2, "SOURCE");
  check_refused(run_command("petal export " + tiny), 2, "FILE");
  check_refused(run_command("petal export " + tiny + "--to tflite " + file), 2, "keras, onnx");
  check_refused(run_command("petal export " + tiny + "--to keras " + file), 2, "--to keras");
  check_refused(run_command("petal export " + tiny + place + "/model.pb"), 2, "model.pb");
  check_refused(run_command("petal export " + tiny + place + "/model"), 2, ".onnx");
  check_refused(run_command("petal export " + tiny + "--to keras " + place + "/model"), 2, ".keras");
  check_refused(run_command("petal export nowhere.h5 " + file), 2, "nowhere.h5");
  write_text(folder / "text.h5", "no HDF5");
  check_refused(run_command("petal export " + place + "/text.h5 " + file), 2, "text.h5");
  check_refused(run_command("petal export " + tiny + place + "/nowhere/model.onnx"), 1, "nowhere");
  fs::create_directories(folder / "folder.onnx");
  check_refused(run_command("petal export " + tiny + "--force " + place + "/folder.onnx"), 2, "is a folder");
  CHECK(!fs::exists(file));

  write_text(file, "mine");
  check_refused(run_command("petal export " + tiny + file), 2, "--force");
  CHECK(read_text(file) == "mine");
  // A file larger than this cannot be written, as on a full disk.
  check_refused(run_command("trap '' XFSZ; ulimit -f 8; petal export " + tiny + "--force " + file), 1,
                "model.onnx");
  CHECK(read_text(file) == "mine");
  CHECK(!fs::exists(file + ".part"));
  CHECK(run_command("petal export " + tiny + "--force " + file).code == 0);
  CHECK(fs::file_size(file) > 1000);
}
