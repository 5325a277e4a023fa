#pragma once

#include <string>

// What a command came to.
struct CommandResult {
  int code = -1;  // its exit code; 128 + the signal where it was killed
  std::string out, err;
};

// Runs a command line through sh. `petal` and the training programs are on its PATH.
CommandResult run_command(const std::string& command);

// A fresh folder, removed with what is in it when it goes out of scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string read_text(const std::string& file);
void write_text(const std::string& file, const std::string& content);
