#include "trainer/run_folder.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "io/model_file.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

RunContents small_run() {
  RunContents run;
  run.model = {
      .network = toy_classifier(), .labels = {"red", "gr\"een", "blue, dark"}, .architecture = "toy"};
  run.dataset.folder = {.root = "data",
                        .labels = run.model.labels,
                        .photos = {{.path = "data/red/1.jpg", .name = "red/1.jpg", .label = 0}},
                        .ignored = {}};
  run.dataset.split = {Subset::test};
  run.history.epochs = {{.epoch = 1, .loss = 0.5, .accuracy = 1, .seconds = 1}};
  run.predictions = {
      {run.dataset.folder.photos[0], {{"blue, dark", 0.5f}, {"red", 0.375f}, {"gr\"een", 0.125f}}}};
  run.options_json = "{}\n";
  return run;
}

bool is_there(const std::filesystem::path& path) {
  return std::filesystem::exists(path);
}

}  // namespace

TEST_CASE("run folder: every file of the design, the model loads, nothing is left beside it") {
  TemporaryFolder folder;
  RunContents run = small_run();
  run.write_report = [](const std::filesystem::path& file, const RunContents& contents) {
    write_text(file, contents.model.labels[0]);
  };
  const std::filesystem::path out = folder / "deep" / "run";
  write_run_folder(out / "", false, run);  // a slash at the end is no matter
  for (const char* name : {"model.h5", "labels.txt", "metrics.json", "options.json", "history.csv",
                           "split.csv", "predictions.csv", "report.html", "train"}) {
    CAPTURE(name);
    CHECK(is_there(out / name));
  }
  CHECK_FALSE(is_there(out / "skipped.csv"));
  CHECK(read_text(out / "labels.txt") == "red\ngr\"een\nblue, dark\n");
  CHECK(read_text(out / "report.html") == "red");
  CHECK(load_model(out / "model.h5").labels == run.model.labels);
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder / "deep")) ++entries;
  CHECK(entries == 1);
}

TEST_CASE("run folder: predictions.csv quotes as RFC 4180 asks") {
  const RunContents run = small_run();
  CHECK(predictions_csv(run.predictions, run.model.labels) ==
        "path,label,probability,truth,p(red),\"p(gr\"\"een)\",\"p(blue, dark)\"\n"
        "red/1.jpg,\"blue, dark\",0.5,red,0.375,0.125,0.5\n");
}

TEST_CASE("run folder: skipped photos are listed with the reason") {
  TemporaryFolder folder;
  RunContents run = small_run();
  run.skipped = {{"red/2.jpg", "red/2.jpg: is empty, no photo"}};
  write_run_folder(folder / "run", false, run);
  CHECK(read_text(folder / "run" / "skipped.csv") ==
        "path,reason\nred/2.jpg,\"red/2.jpg: is empty, no photo\"\n");
}

TEST_CASE("run folder: only nothing, an empty folder, or with force an earlier run is written over") {
  TemporaryFolder folder;
  const RunContents run = small_run();
  std::filesystem::create_directory(folder / "empty");
  write_run_folder(folder / "empty", false, run);
  CHECK(is_there(folder / "empty" / "model.h5"));

  write_text(folder / "empty" / "mine.txt", "from the run before");
  CHECK(error_of([&] { write_run_folder(folder / "empty", false, run); }).find("--force") !=
        std::string::npos);
  CHECK(is_there(folder / "empty" / "mine.txt"));
  write_run_folder(folder / "empty", true, run);
  CHECK_FALSE(is_there(folder / "empty" / "mine.txt"));
  CHECK(is_there(folder / "empty" / "model.h5"));
  CHECK_FALSE(is_there(folder / "empty.old"));

  write_text(folder / "home" / "letters.txt", "not a run");
  CHECK(error_of([&] { write_run_folder(folder / "home", true, run); }).find("no earlier run") !=
        std::string::npos);
  CHECK(read_text(folder / "home" / "letters.txt") == "not a run");
  write_text(folder / "file", "x");
  CHECK(error_of([&] { write_run_folder(folder / "file", true, run); }).find("no folder") !=
        std::string::npos);
  for (const char* name : {"", ".", "..", "/"}) {
    CAPTURE(name);
    CHECK(error_of([&] { require_free_run_folder(name, true); }).find("--out") == 0);
  }
}

TEST_CASE("run folder: a failure leaves what was there and nothing half-written") {
  TemporaryFolder folder;
  RunContents run = small_run();
  write_run_folder(folder / "run", false, run);
  const std::string before = read_text(folder / "run" / "history.csv");
  run.history.epochs[0].loss = 99;
  run.write_report = [](const std::filesystem::path&, const RunContents&) {
    throw Error("report.html", "no room", ErrorKind::failure);
  };
  CHECK(error_of([&] { write_run_folder(folder / "run", true, run); }).find("no room") != std::string::npos);
  CHECK(read_text(folder / "run" / "history.csv") == before);
  CHECK_FALSE(is_there(folder / "run.part"));
  CHECK(error_of([&] { write_run_folder(folder / "new", false, run); }).find("no room") != std::string::npos);
  CHECK_FALSE(is_there(folder / "new"));
  CHECK_FALSE(is_there(folder / "new.part"));
}
