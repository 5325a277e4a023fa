#include <doctest/doctest.h>

#include <string_view>
#include <utility>

#include "tests/tools/run_command.h"

TEST_CASE("every architecture has a training program with its recipe as defaults") {
  const std::pair<const char*, const char*> recipes[] = {
      {"cnn", "20"},          {"cnn_augmented", "20"}, {"cnn_preprocessed", "20"}, {"mobilenet", "30"},
      {"mobilenet_v2", "30"}, {"resnet50", "30"},      {"resnet101", "30"},        {"resnet152", "30"},
      {"resnet50_v2", "30"},  {"resnet101_v2", "30"},  {"resnet152_v2", "30"},     {"inception_v3", "30"}};
  for (const auto& [model, epochs] : recipes) {
    const CommandResult help = run_command("train_" + std::string(model) + " --help");
    CHECK(help.code == 0);
    const std::string option = "--model TEXT=" + std::string(model);
    const std::size_t at = help.out.find(option);
    REQUIRE_MESSAGE(at != std::string::npos, help.out);
    // A long name pushes the description to the next line.
    CHECK_MESSAGE(std::string_view(" \n").find(help.out[at + option.size()]) != std::string_view::npos,
                  help.out);
    CHECK_MESSAGE(help.out.find("--epochs INT=" + std::string(epochs) + " ") != std::string::npos, help.out);
  }
}
