#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "trainer/train_classifier.h"

namespace petal {

// One subcommand: declares its options on `app` and returns what runs once they are parsed; that returns the
// exit code.
using Command = std::function<int()>;

Command add_train(CLI::App& app, TrainOptions defaults);
Command add_evaluate(CLI::App& app);
Command add_predict(CLI::App& app);
Command add_summary(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_export(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_profile(CLI::App& app);
Command add_devices(CLI::App& app);
Command add_draw_flowers(CLI::App& app);

// Parses, runs, and turns whatever is thrown into a message on standard error and the exit code: 0 done, 1
// failed, 2 wrong usage or bad input, 3 a stated threshold was missed, 130 interrupted.
int run_command_line(CLI::App& app, int argc, char** argv, const std::function<int()>& run);

// A training program for one model variant: `petal train` with that variant's recipe as its defaults.
int training_program(int argc, char** argv, const TrainOptions& defaults);

// What `--precision` asks for on "cpu" or "cuda", as precision_request reads it. Throws Error(--precision) of
// what the device does not compute in; warns on standard error where this processor computes f32 faster.
PrecisionRequest requested_precision(const std::string& name, const std::string& device);
// The same where there are no photos to measure `auto` on.
Precision precision_by_name(const std::string& name, const std::string& device);

}  // namespace petal
