#include <doctest/doctest.h>

#include "tests/tools/run_command.h"

TEST_CASE("a program builds and runs against the installed library") {
  const TemporaryFolder folder;
  const std::string prefix = folder / "prefix", build = folder / "build";
  const auto step = [](const std::string& command) {
    const CommandResult result = run_command(command);
    REQUIRE_MESSAGE(result.code == 0, command, "\n", result.out, result.err);
    return result.out;
  };
  step("cmake --install " PETAL_BUILD " --prefix " + prefix);
  step("cmake -G Ninja -S " PETAL_SOURCE "/tests/tools/installed -B " + build +
       " -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=" + prefix +
       " -DCMAKE_CXX_FLAGS='" PETAL_CXX_FLAGS "'");
  step("cmake --build " + build);
  CHECK(step(build + "/app " + folder.path().string()) == "6 photos, 5 classes\n");
  // The installed program finds its library by itself.
  CHECK(step(prefix + "/bin/petal --version") == "0.1.0\n");
}
