#include "tests/tools/run_command.h"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::string& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

CommandResult run_command(const std::string& command) {
  const TemporaryFolder folder;
  const std::string script = folder / "command.sh", out = folder / "out", err = folder / "err";
  write_text(script, "PATH=" PETAL_BINARIES ":$PATH\nexport XDG_CACHE_HOME=" + folder.path().string() +
                         "/cache\n" + command + "\n");
  const int status = std::system(("sh " + script + " >" + out + " 2>" + err + " </dev/null").c_str());
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, read_text(out), read_text(err)};
}
