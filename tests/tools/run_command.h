#pragma once

#include <string>

#include "tests/temporary_folder.h"

using petal::test::TemporaryFolder;

// What a command came to.
struct CommandResult {
  int code = -1;  // its exit code; 128 + the signal where it was killed
  std::string out, err;
};

// Runs a command line through sh. `petal` and the training programs are on its PATH.
CommandResult run_command(const std::string& command);

std::string read_text(const std::string& file);
void write_text(const std::string& file, const std::string& content);
