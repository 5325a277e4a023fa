// What `petal inspect` prints of the files that Petal reads.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/tools/run_command.h"

namespace {

const std::string golden = PETAL_SOURCE "/tests/golden/";

// Columns as wide as they may be count as one space.
std::string narrowed(const std::string& text) {
  std::string narrow = "\n";
  for (const char c : text)
    if (c != ' ' || narrow.back() != ' ') narrow += c;
  return narrow;
}

// The lines that begin so are there.
void check_lines(const CommandResult& result, const std::vector<std::string>& lines) {
  CHECK_MESSAGE(result.code == 0, result.err);
  const std::string found = narrowed(result.out);
  for (const std::string& line : lines)
    CHECK_MESSAGE(found.find("\n" + line) != std::string::npos, "expected '", line, "' in:\n", found);
}

}  // namespace

TEST_CASE("inspect: weights of Keras 2, with what packs them") {
  const std::string file = golden + "weights/keras2_packed.h5";
  check_lines(
      run_command("petal inspect " + file),
      {file + ": Keras 2 weights by Keras 2.2.4, 14 tensors, 107 parameters",
       "stem kernel (3, 3, 3, 2) float32 shuffle, gzip, fletcher32: ", "stem_bn gamma (2,) float32\n"});
}

TEST_CASE("inspect: weights of Keras 3, which do not name their layers") {
  const std::string file = golden + "weights/keras3_unnamed.weights.h5";
  check_lines(run_command("petal inspect " + file),
              {file + ": Keras 3 weights, 14 tensors", "layers/batch_normalization 0 (2,)"});
}

TEST_CASE("inspect: a .keras archive, its members, and the model in it") {
  const std::string file = golden + "archives/augmented.keras";
  check_lines(run_command("petal inspect " + file),
              {file + ": Keras 3 model by Keras 3.", " member model.weights.h5, ", " member config.json, ",
               "Model 'augmented' (Functional), 12 layers", " input photo (8, 8, 3)", " output dense (3,)",
               " compiled Adam, sparse_categorical_crossentropy", "random_flip RandomFlip\n",
               "depth DepthwiseConv2D "});
}

TEST_CASE("inspect: a model inside a model") {
  check_lines(run_command("petal inspect " + golden + "archives/nested.keras"),
              {"Model 'nested' (Sequential)", "base Functional", " conv2d_"});
}

TEST_CASE("inspect: Petal's own model has labels") {
  const TemporaryFolder folder;
  const std::string data = folder / "data", run = folder / "run";
  REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 8 --image-size 32").code == 0);
  REQUIRE(run_command("petal train " + data +
                      " --model mobilenet_v2 --alpha 0.35 --image-size 32 --epochs 1 --out " + run)
              .code == 0);
  check_lines(run_command("petal inspect " + run + "/model.h5"),
              {run + "/model.h5: Keras 2 model by Keras 2.11.0",
               " labels daisy, dandelion, rose, sunflower, tulip", " base mobilenet_v2"});
}

TEST_CASE("inspect: what is no such file is an error that names it") {
  const TemporaryFolder folder;
  write_text(folder / "cut.keras", "PK\x03\x04 and no more");
  const CommandResult cut = run_command("petal inspect " + (folder / "cut.keras").string());
  CHECK(cut.code == 2);
  CHECK(cut.err.find("cut.keras: is damaged or cut, as a zip archive") != std::string::npos);
  CHECK(run_command("petal inspect " + (folder / "none.h5").string()).code == 2);
}
