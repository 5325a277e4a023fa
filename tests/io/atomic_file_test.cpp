#include "io/atomic_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "engine/error.h"

namespace {

namespace fs = std::filesystem;

// A folder of its own for each test, removed with what is in it.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "petal_atomic_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path operator/(const std::string& name) const { return path_ / name; }
  auto files() const { return std::distance(fs::directory_iterator(path_), fs::directory_iterator()); }

 private:
  fs::path path_;
};

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

// The message of the failure that `write` must end in.
template <typename Write>
std::string failure_of(const Write& write) {
  try {
    write();
  } catch (const petal::Error& error) {
    CHECK(error.kind() == petal::ErrorKind::failure);
    return error.what();
  }
  FAIL("expected an Error");
  return {};
}

}  // namespace

TEST_CASE("write_atomically writes text of any bytes and leaves no part file") {
  const Folder folder;
  const fs::path file = folder / "花 é.txt";
  const std::string content("a\0b\r\n\xFF", 6);
  petal::write_atomically(file, content);
  CHECK(content_of(file) == content);
  petal::write_atomically(file, "shorter");
  CHECK(content_of(file) == "shorter");
  petal::write_atomically(file, "");
  CHECK(content_of(file).empty());
  CHECK(folder.files() == 1);
}

TEST_CASE("write_atomically keeps the old file until the new one is whole") {
  const Folder folder;
  const fs::path file = folder / "model.h5";
  petal::write_atomically(file, "old");
  petal::write_atomically(file, [&](const fs::path& part) {
    CHECK(part == folder / "model.h5.part");
    std::ofstream(part) << "new";
    CHECK(content_of(file) == "old");
  });
  CHECK(content_of(file) == "new");
}

TEST_CASE("write_atomically leaves what was there when the writer throws") {
  const Folder folder;
  const fs::path file = folder / "model.h5";
  petal::write_atomically(file, "old");
  const auto write = [](const fs::path& part) {
    std::ofstream(part) << "half";
    throw std::runtime_error("stop");
  };
  CHECK_THROWS_AS(petal::write_atomically(file, write), std::runtime_error);
  CHECK(content_of(file) == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("write_atomically names the file and the system's reason") {
  const Folder folder;
  SUBCASE("the folder is absent") {
    const fs::path file = folder / "absent/model.h5";
    const std::string message = failure_of([&] { petal::write_atomically(file, "new"); });
    CHECK(message.starts_with(file.string() + ": "));
    CHECK(message.ends_with("No such file or directory"));
  }
  SUBCASE("the place is a folder") {
    const fs::path file = folder / "taken";
    fs::create_directory(file);
    const std::string message = failure_of([&] { petal::write_atomically(file, "new"); });
    CHECK(message.starts_with(file.string() + ": "));
    CHECK(message.ends_with("Is a directory"));
    CHECK(folder.files() == 1);
  }
  SUBCASE("the writer wrote nothing") {
    const fs::path file = folder / "nothing";
    const std::string message = failure_of([&] { petal::write_atomically(file, [](const fs::path&) {}); });
    CHECK(message.starts_with(file.string() + ": "));
    CHECK(folder.files() == 0);
  }
}

TEST_CASE("write_atomically reports a device that takes no more and keeps the old file") {
  const Folder folder;
  const fs::path file = folder / "model.h5";
  petal::write_atomically(file, "old");

  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string message = failure_of([&] { petal::write_atomically(file, std::string(5000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  CHECK(message.ends_with("File too large"));
  CHECK(content_of(file) == "old");
  CHECK(folder.files() == 1);
}
