#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/tools/run_command.h"

namespace fs = std::filesystem;

namespace {

// Whole models that Keras wrote: `base_in_sequential` takes pixels as they are, `nested` rescales them.
std::string keras_model(const std::string& name) {
  return std::string(PETAL_SOURCE) + "/tests/golden/configs/models/" + name + ".h5";
}

struct Setting {
  TemporaryFolder folder;
  std::string data = folder / "data", out = folder / "run";
  Setting() {
    REQUIRE(run_command("petal draw-flowers " + data + " --photos-per-class 8 --image-size 32").code == 0);
  }
  CommandResult train(const std::string& more) const {
    return run_command("petal train " + data + " --epochs 1 --no-cache --force --out " + out + " " + more);
  }
};

}  // namespace

TEST_CASE("a stranger's model is a base: told what it takes, cut at its features, and written whole") {
  const Setting s;
  const CommandResult plain = s.train("--model " + keras_model("base_in_sequential_keras3"));
  REQUIRE_MESSAGE(plain.code == 0, plain.err);
  CHECK(plain.err.find("--preprocessing") != std::string::npos);
  CHECK(plain.err.find("its features layer 'pool'") != std::string::npos);
  const CommandResult told =
      s.train("--model " + keras_model("base_in_sequential_keras3") + " --preprocessing tf --augment flip");
  REQUIRE_MESSAGE(told.code == 0, told.err);
  CHECK(told.err.find("warning") == std::string::npos);
  const std::string summary = run_command("petal summary " + s.out).out;
  CHECK(summary.find("rescaling (Rescaling)") != std::string::npos);
  CHECK(summary.find("predictions (Dense)") != std::string::npos);
  CHECK(run_command("petal predict " + s.out + " " + s.data + "/daisy --csv").code == 0);

  const CommandResult fine = s.train("--model " + keras_model("nested_keras2") +
                                     " --fine-tune separable --fine-tune-epochs 1 --features nothing");
  CHECK(fine.code == 2);
  CHECK_MESSAGE(fine.err.find("--features: ") != std::string::npos, fine.err);
}

TEST_CASE("a run of Petal's own is a base too, fine-tuned by layer") {
  const Setting s;
  REQUIRE(s.train("--model mobilenet_v2 --alpha 0.35 --image-size 32").code == 0);
  fs::rename(s.out, s.folder / "first");
  const std::string first = s.folder / "first";
  const CommandResult result =
      s.train("--model " + first + " --fine-tune block_16_expand --fine-tune-epochs 1");
  REQUIRE_MESSAGE(result.code == 0, result.err);
  CHECK(result.err.find("its features layer 'global_average_pooling2d'") != std::string::npos);
  CHECK(run_command("petal evaluate " + s.out + " " + s.data).code == 0);
}

TEST_CASE("options that do not go with a model file are refused by name") {
  const Setting s;
  const std::string model = "--model " + keras_model("nested_keras3") + " ";
  for (const auto& [options, name] :
       {std::pair<std::string, const char*>{model + "--weights x.h5", "--weights"},
        {model + "--alpha 0.5", "--alpha"},
        {model + "--image-size 64", "--image-size"},
        {model + "--preprocessing tf", "--preprocessing"},
        {"--model mobilenet_v2 --features out_relu", "--features"},
        {"--model mobilenet_v2 --preprocessing tf", "--preprocessing"}}) {
    INFO(options);
    const CommandResult result = s.train(options);
    CHECK(result.code == 2);
    CHECK_MESSAGE(result.err.find(std::string(name) + ": ") != std::string::npos, result.err);
  }
  CHECK(!fs::exists(s.out));
}

TEST_CASE("a stranger's model predicts photos as it is told to") {
  const Setting s;
  const std::string predict =
      "petal predict " + keras_model("base_in_sequential_keras2") + " " + s.data + "/daisy --csv";
  const CommandResult plain = run_command(predict), scaled = run_command(predict + " --preprocessing unit");
  REQUIRE_MESSAGE(plain.code == 0, plain.err);
  REQUIRE_MESSAGE(scaled.code == 0, scaled.err);
  CHECK(plain.err.find("--preprocessing") != std::string::npos);
  CHECK(scaled.err.empty());
  const CommandResult sized = run_command(predict + " --image-size 31");
  CHECK(sized.code == 2);
  CHECK_MESSAGE(sized.err.find("--image-size: ") != std::string::npos, sized.err);
  CHECK(plain.out != scaled.out);
  CHECK(run_command(predict + " --preprocessing half").code == 2);
}
