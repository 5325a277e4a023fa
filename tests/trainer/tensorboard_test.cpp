#include "trainer/tensorboard.h"

#include <doctest/doctest.h>

#include "tests/event_file_reader.h"
#include "tests/trainer/toy.h"

using namespace petal;
using namespace petal::test;

namespace {

EpochRecord record(int epoch, double loss) {
  return {.epoch = epoch,
          .loss = loss,
          .accuracy = 0.5,
          .val_loss = 2 * loss,
          .val_accuracy = 0.25,
          .seconds = 10,
          .learning_rate = 0.125,
          .ended = 1000.0 + epoch};
}

using Scalars = std::map<std::string, float>;

}  // namespace

TEST_CASE("TensorBoard: Keras's tags, epochs from 0, written at the end of each") {
  TemporaryFolder folder;
  TensorBoard callback(folder.path(), History{.epochs = {record(1, 4)}});
  callback.epoch_ended(record(2, 3), 3);
  auto train = scalar_events(folder / "train"), validation = scalar_events(folder / "validation");
  REQUIRE(train.size() == 2);
  REQUIRE(validation.size() == 2);
  CHECK(train[0].step == 0);
  CHECK(train[1].step == 1);
  CHECK(train[1].wall_time == 1002);
  CHECK(train[1].scalars ==
        Scalars{{"epoch_loss", 3}, {"epoch_accuracy", 0.5f}, {"epoch_learning_rate", 0.125f}});
  CHECK(validation[1].step == 1);
  CHECK(validation[1].wall_time == 1002);
  CHECK(validation[1].scalars == Scalars{{"epoch_loss", 6}, {"epoch_accuracy", 0.25f}});
  CHECK(EventFileReader(event_file_in(folder / "train")).all()[0].wall_time == 1001 - 10);
  callback.epoch_ended(record(3, 2), 3);
  CHECK(scalar_events(folder / "train").size() == 3);

  EpochRecord alone = record(1, 4);
  alone.val_loss.reset();
  alone.val_accuracy.reset();
  write_tensorboard(folder / "alone", {.epochs = {alone}});
  CHECK(scalar_events(folder / "alone" / "train").size() == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "alone" / "validation"));
  remove_tensorboard(folder.path());
  CHECK_FALSE(std::filesystem::exists(folder / "train"));
  CHECK_FALSE(std::filesystem::exists(folder / "validation"));
}
