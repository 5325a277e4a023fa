#include <map>

#include "tools/commands.h"

int main(int argc, char** argv) {
  CLI::App app("Petal trains and runs image classifiers", "petal");
  app.require_subcommand(1);
  app.set_version_flag("--version", PETAL_VERSION);
  std::map<CLI::App*, petal::Command> commands;
  const auto add = [&](const char* name, const char* what, auto declare) {
    CLI::App* command = app.add_subcommand(name, what);
    commands[command] = declare(*command);
  };
  add("train", "Train a classifier on a folder of photos, a folder a class",
      [](CLI::App& command) { return petal::add_train(command, {}); });
  add("evaluate", "Measure a model on a folder of photos, a folder a class", petal::add_evaluate);
  add("predict", "Name what photos show", petal::add_predict);
  add("summary", "Print a model's layers, as Keras does", petal::add_summary);
  add("inspect", "Print what a weights or model file holds", petal::add_inspect);
  add("export", "Write a model as a Keras or an ONNX file", petal::add_export);
  add("bench", "Compare architectures by their speed on this machine", petal::add_bench);
  add("profile", "Show where a network's time goes, layer by layer", petal::add_profile);
  add("devices", "List what Petal can compute on here", petal::add_devices);
  add("draw-flowers", "Draw a set of flower pictures to try Petal on", petal::add_draw_flowers);
  return petal::run_command_line(app, argc, argv,
                                 [&] { return commands.at(app.get_subcommands().front())(); });
}
