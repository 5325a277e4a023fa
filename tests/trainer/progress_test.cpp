#include "trainer/progress.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

// What a printer writes in two epochs of three batches.
std::string printed(bool terminal) {
  TemporaryFolder folder;
  const std::filesystem::path file = folder / "out";
  std::FILE* out = std::fopen(file.c_str(), "wb");
  REQUIRE(out != nullptr);
  ProgressPrinter printer(out, terminal);
  for (int epoch = 1; epoch <= 2; ++epoch) {
    printer.epoch_began(epoch, 2);
    for (std::int64_t batch = 1; batch <= 3; ++batch) {
      printer.batch_ended(
          {.epoch = epoch, .epochs = 2, .batch = batch, .batches = 3, .loss = 1.25, .accuracy = 0.5});
    }
    printer.epoch_ended({.epoch = epoch,
                         .loss = 1.0,
                         .accuracy = 0.75,
                         .val_loss = 1.5,
                         .val_accuracy = 0.625,
                         .seconds = 6.0},
                        2);
  }
  std::fclose(out);
  return read_text(file);
}

}  // namespace

TEST_CASE("progress: a line as Keras draws it") {
  const BatchProgress half{
      .epoch = 1, .epochs = 10, .batch = 12, .batches = 100, .loss = 1.23449, .accuracy = 0.1234};
  CHECK(progress_line(half, 2.0, 0.034) ==
        " 12/100 ━━────────────────── 2s 34ms/step - accuracy: 0.1234 - loss: 1.2345");
}

TEST_CASE("progress: durations a person can read") {
  CHECK(duration(0.0004) == "0ms");
  CHECK(duration(0.45) == "450ms");
  CHECK(duration(0.9999) == "1s");
  CHECK(duration(59.4) == "59s");
  CHECK(duration(185) == "3m05s");
  CHECK(duration(7620) == "2h07m");
}

TEST_CASE("progress: no terminal, one line an epoch") {
  CHECK(
      printed(false) ==
      "Epoch 1/2 - 6s - accuracy: 0.7500 - loss: 1.0000 - val_accuracy: 0.6250 - val_loss: 1.5000 - 6s left\n"
      "Epoch 2/2 - 6s - accuracy: 0.7500 - loss: 1.0000 - val_accuracy: 0.6250 - val_loss: 1.5000\n");
}

TEST_CASE("progress: on a terminal the bar is redrawn in place, at most every 50 ms") {
  const std::string text = printed(true);
  CHECK(text.find("Epoch 1/2\n\r") == 0);
  CHECK(text.find(
            "3/3 ━━━━━━━━━━━━━━━━━━━━ 6s 2s/step - accuracy: 0.7500 - loss: 1.0000 - val_accuracy: 0.6250 - "
            "val_loss: 1.5000 - 6s left\n") != std::string::npos);
  // Three batches in no time: one drawing of the running bar an epoch, and the last line.
  std::size_t drawings = 0;
  for (std::size_t at = text.find('\r'); at != std::string::npos; at = text.find('\r', at + 1)) ++drawings;
  CHECK(drawings == 4);
}

TEST_CASE("history.csv has a line an epoch, empty fields without validation") {
  History history;
  history.epochs = {{.epoch = 1,
                     .loss = 0.5,
                     .accuracy = 0.25,
                     .val_loss = 2.0,
                     .val_accuracy = 1.0,
                     .seconds = 1.5,
                     .learning_rate = 1e-3,
                     .seconds_waiting = 0.25},
                    {.epoch = 2, .loss = 0.125, .accuracy = 0.5, .seconds = 1}};
  CHECK(to_csv(history) ==
        "epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate,seconds_waiting\n1,0.5,0.25,2,1,1."
        "500,0.001,0.250\n2,0.125,0.5,,,1.000,0,0.000\n");
  CHECK(monitor_by_name("val_accuracy") == Monitor::val_accuracy);
  CHECK(error_of([] { monitor_by_name("f1"); }).find("--monitor") == 0);
}
