#include <doctest/doctest.h>

#include "tests/tools/run_command.h"

TEST_CASE("over the quickstart's base a last layer tells drawn flowers apart that the base has not seen") {
  const TemporaryFolder folder;
  const std::string data = folder / "data";
  REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 40 --image-size 128").code == 0);
  const std::string train = "petal train " + data +
                            " --model mobilenet_v2 --alpha 0.35 --image-size 96 --no-cache"
                            " --test-split 0.5 --assert-accuracy 0.8 --force --out " +
                            (folder / "run").string() + " ";
  const CommandResult trained =
      run_command(train + "--weights " PETAL_SOURCE "/tools/quickstart_base/mobilenet_v2_0.35_96.h5");
  CHECK_MESSAGE(trained.code == 0, trained.out, trained.err);
  // Random weights do not, so that it is the base that does.
  CHECK(run_command(train).code == 3);
}
