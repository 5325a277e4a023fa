#include "io/guarded_process.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace petal;

namespace {

GuardedEnd guarded(const std::function<std::string()>& work, const GuardLimits& limits = {}) {
  std::mutex quiet;
  return run_guarded("test", quiet, work, limits);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

// No child is left, not even a dead one.
bool has_no_child() {
  return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

std::string crash() {
  volatile int* nowhere = nullptr;
  return std::to_string(*nowhere);
}

std::string loop() {
  for (std::atomic<int> i = 0;; ++i) {
  }
}

// A process of its own, so that what it does to itself stays there; its exit code.
int exit_code_of(const std::function<int()>& work) {
  const pid_t process = fork();
  REQUIRE(process >= 0);
  if (process == 0) _exit(work());
  int status = 0;
  REQUIRE(waitpid(process, &status, 0) == process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("guarded process: its reply comes whole, whatever its size") {
  const std::ptrdiff_t before = open_descriptors();
  CHECK(guarded([] { return "reply"; }).reply == "reply");
  CHECK(guarded([] { return ""; }).death.empty());
  std::string large(5'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7919 >> 8);
  CHECK(guarded([&] { return large; }).reply == large);
  CHECK(open_descriptors() == before);
  CHECK(has_no_child());
}

TEST_CASE("guarded process: however it dies, its death is told and nothing of it stays") {
  const std::ptrdiff_t before = open_descriptors();
  CHECK(contains(guarded(crash).death, "crashes (Segmentation fault)"));
  CHECK(contains(guarded([]() -> std::string { std::abort(); }).death, "crashes (Aborted)"));
  CHECK(contains(guarded([]() -> std::string { throw std::runtime_error("no"); }).death, "fails"));
  CHECK(contains(guarded([]() -> std::string { _exit(0); }).death, "fails"));
  CHECK(contains(guarded(loop, {.processor_seconds = 1}).death, "too long"));
  const auto sleep_long = [] { return sleep(600), std::string(); };
  CHECK(contains(guarded(sleep_long, {.clock_seconds = 1}).death, "too long"));
  CHECK(contains(guarded([] { return std::string(1 << 20, 'x'); }, {.reply_bytes = 1000}).death, "too much"));
  CHECK(open_descriptors() == before);
  CHECK(has_no_child());
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("guarded process: it gets the memory that it is allowed") {
  const auto take = [](std::size_t bytes) {
    return [bytes] { return std::to_string(std::string(bytes, 'x').size()); };
  };
  const GuardLimits limits{.memory_bytes = 64 << 20};
  CHECK(guarded(take(32 << 20), limits).reply == std::to_string(32 << 20));
  CHECK(contains(guarded(take(256 << 20), limits).death, "too much memory"));
}
#endif

TEST_CASE("guarded process: signals are this process's affair") {
  // A handler, as programs have one for Ctrl-C, must not run over there; and the terminal sends the signal to
  // both.
  std::signal(SIGINT, [](int) { _exit(9); });
  CHECK(guarded([] {
          kill(getpid(), SIGINT);
          kill(getpid(), SIGTERM);
          return "on";
        }).reply == "on");
  // A crash must not enter one, which might wait for ever.
  std::signal(SIGSEGV, [](int) { pause(); });
  CHECK(contains(guarded(crash, {.clock_seconds = 5}).death, "crashes"));
  std::signal(SIGSEGV, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  // Nobody may tell how it ended, but its reply is here.
  std::signal(SIGCHLD, SIG_IGN);
  CHECK(guarded([] { return "reply"; }).reply == "reply");
  CHECK_FALSE(guarded(crash).death.empty());
  std::signal(SIGCHLD, SIG_DFL);
}

TEST_CASE("guarded process: signals that interrupt this one lose nothing") {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // without SA_RESTART
  sigaction(SIGUSR1, &action, nullptr);
  std::atomic<bool> done = false;
  const pthread_t self = pthread_self();
  std::thread nuisance([&] {
    while (!done) {
      pthread_kill(self, SIGUSR1);
      usleep(200);
    }
  });
  for (int i = 0; i < 10; ++i)
    CHECK(guarded([] { return usleep(20000), std::string(200'000, 'x'); }).reply.size() == 200'000);
  done = true;
  nuisance.join();
  std::signal(SIGUSR1, SIG_DFL);
}

TEST_CASE("guarded process: with the standard streams closed") {
  CHECK(exit_code_of([] {
          for (const int stream : {0, 1, 2}) close(stream);
          std::mutex quiet;
          return run_guarded("test", quiet, [] { return std::string(100'000, 'x'); }).reply.size() == 100'000
                     ? 0
                     : 1;
        }) == 0);
}

TEST_CASE("guarded process: while other threads take memory and start guarded processes of their own") {
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      while (!done) std::vector<std::string>(100, std::string(1000, 'x')).clear();
    });
  std::atomic<int> right = 0;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round)
        right += guarded([] { return std::string(100'000, 'y'); }).reply.size() == 100'000;
    });
  for (std::size_t i = 2; i < 4; ++i) threads[i].join();
  done = true;
  for (std::size_t i = 0; i < 2; ++i) threads[i].join();
  CHECK(right == 40);
  CHECK(has_no_child());
}

TEST_CASE("guarded process: it dies with this one") {
  auto* process = static_cast<std::atomic<pid_t>*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(process != MAP_FAILED);
  const pid_t parent = fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    guarded([&] {
      *process = getpid();
      return sleep(600), std::string();
    });
    _exit(0);
  }
  for (int i = 0; i < 500 && *process == 0; ++i) usleep(10000);
  REQUIRE(*process != 0);
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  // Gone, or dead and left to whoever reaps orphans here.
  const auto lives = [&] {
    const std::filesystem::path exe = "/proc/" + std::to_string(*process) + "/exe";
    std::error_code gone;
    const std::filesystem::path program = std::filesystem::read_symlink(exe, gone);
    return !gone && !program.empty();
  };
  for (int i = 0; i < 500 && lives(); ++i) usleep(10000);
  CHECK_FALSE(lives());
  munmap(process, 4096);
}
