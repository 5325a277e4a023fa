#include "io/guarded_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <new>

#include "engine/error.h"
#include "io/descriptor.h"

namespace petal {
namespace {

// Exit codes of the process, beside 0.
constexpr int exit_failed = 3, exit_memory = 4;

struct Pipe {
  Descriptor read, write;
};

// Both ends above the standard streams, which may be closed here and are replaced in the process.
Pipe make_pipe(const std::string& where) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(where, std::string("cannot open a pipe: ") + std::strerror(errno), ErrorKind::failure);
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  for (Descriptor* end : {&pipe.read, &pipe.write}) {
    if (end->get() > STDERR_FILENO) continue;
    *end = Descriptor(::fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!end->is_open())
      throw Error(where, std::string("cannot open a pipe: ") + std::strerror(errno), ErrorKind::failure);
  }
  return pipe;
}

// All signals of this thread wait while it lives, so that none of this process's handlers runs in the new
// one.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

// The pages that are mapped, of the first number in /proc/self/statm; 0 where it is not to be had.
std::uint64_t mapped_bytes() {
  const Descriptor file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  const ssize_t count = file.is_open() ? ::read(file.get(), text.data(), text.size()) : 0;
  std::uint64_t pages = 0;
  if (count > 0) std::from_chars(text.data(), text.data() + count, pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void lower_limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max = std::min({value, limit.rlim_cur, limit.rlim_max});
  ::setrlimit(resource, &limit);
}

void enter_guard(pid_t parent, const GuardLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(exit_failed);  // it died before
  // The signals stay blocked but those of a crash, which must end the process and not enter a handler.
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing.get(), stream);
  lower_limit(RLIMIT_CORE, 0);
  lower_limit(RLIMIT_CPU, static_cast<rlim_t>(limits.processor_seconds));
  if (const std::uint64_t mapped = mapped_bytes(); mapped > 0)
    lower_limit(RLIMIT_AS, mapped + limits.memory_bytes);
}

void write_all(int descriptor, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, bytes, size);
    if (written <= 0) ::_exit(exit_failed);
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

// The reply's size goes before it.
[[noreturn]] void work_and_exit(int descriptor, const std::function<std::string()>& work) {
  try {
    const std::string reply = work();
    const std::uint64_t size = reply.size();
    write_all(descriptor, reinterpret_cast<const char*>(&size), sizeof(size));
    write_all(descriptor, reply.data(), reply.size());
  } catch (const std::bad_alloc&) {
    ::_exit(exit_memory);
  } catch (...) {
    ::_exit(exit_failed);
  }
  ::_exit(0);
}

// The process; it is gone at the end of the scope.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  ~Child() {
    if (!reaped_) {
      ::kill(process_, SIGKILL);
      wait(0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void kill() const { ::kill(process_, SIGKILL); }

  // True once it has ended. `status` stays 0 where a handler of this program has reaped it.
  bool wait(int options) {
    if (reaped_) return true;
    pid_t result = 0;
    do {
      result = ::waitpid(process_, &status_, options);
    } while (result < 0 && errno == EINTR);
    reaped_ = result != 0;
    return reaped_;
  }

  std::string death() const {
    if (WIFSIGNALED(status_)) {
      if (WTERMSIG(status_) == SIGKILL) return "reading it took too long or too much memory";
      return std::string("reading it crashes (") + ::strsignal(WTERMSIG(status_)) + ")";
    }
    if (WIFEXITED(status_) && WEXITSTATUS(status_) == exit_memory) return "reading it takes too much memory";
    return "reading it fails";
  }

 private:
  pid_t process_;
  int status_ = 0;
  bool reaped_ = false;
};

// A reply while it arrives.
class Reply {
 public:
  explicit Reply(std::uint64_t limit) : limit_(limit) {}

  bool is_complete() const { return got_ == sizeof(size_) + text_.size() && text_.size() == size_; }
  bool is_too_large() const { return got_ >= sizeof(size_) && size_ > limit_; }
  // Reads what is there; false at the end of the stream.
  bool read(int descriptor) {
    const bool in_head = got_ < sizeof(size_);
    char* to = in_head ? reinterpret_cast<char*>(&size_) + got_ : text_.data() + (got_ - sizeof(size_));
    const std::size_t room = in_head ? sizeof(size_) - got_ : text_.size() + sizeof(size_) - got_;
    const ssize_t count = ::read(descriptor, to, room);
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    got_ += static_cast<std::size_t>(count);
    if (in_head && got_ == sizeof(size_) && !is_too_large()) text_.resize(size_);
    return count > 0;
  }
  std::string take() { return std::move(text_); }

 private:
  std::uint64_t limit_, size_ = 0;
  std::size_t got_ = 0;
  std::string text_;
};

// True where the whole reply came. The end of the stream alone does not tell of the process's end: another
// process that was forked meanwhile may hold it open.
bool receive(Child& child, int descriptor, const GuardLimits& limits, Reply& reply) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds slice(100);
  Clock::duration left = std::chrono::seconds(limits.clock_seconds);
  bool ended = false;
  while (!reply.is_complete() && !reply.is_too_large()) {
    pollfd waiting{descriptor, POLLIN, 0};
    const Clock::time_point start = Clock::now();
    const int ready = ::poll(&waiting, 1, ended ? 0 : static_cast<int>(slice.count()));
    if (ready < 0 && errno != EINTR) return false;
    if (ready > 0 && !reply.read(descriptor)) return false;
    // No more than a slice counts: this process may have been stopped meanwhile.
    left -= std::min<Clock::duration>(Clock::now() - start, slice);
    if (ready > 0) continue;
    if (ended || left <= Clock::duration::zero()) return false;
    ended = child.wait(WNOHANG);  // what it wrote before may still be in the pipe
  }
  return reply.is_complete();
}

pid_t fork_into(const std::function<std::string()>& work, const Pipe& pipe, std::mutex& quiet,
                const GuardLimits& limits) {
  const pid_t parent = ::getpid();
  const std::scoped_lock lock(quiet);
  const BlockedSignals blocked;
  const pid_t process = ::fork();
  if (process != 0) return process;
  enter_guard(parent, limits);
  work_and_exit(pipe.write.get(), work);
}

}  // namespace

GuardedEnd run_guarded(const std::string& where, std::mutex& quiet, const std::function<std::string()>& work,
                       const GuardLimits& limits) {
  Pipe pipe = make_pipe(where);
  const pid_t process = fork_into(work, pipe, quiet, limits);
  if (process < 0)
    throw Error(where, std::string("cannot start a process to read it: ") + std::strerror(errno),
                ErrorKind::failure);
  Child child(process);
  pipe.write.close();
  Reply reply(limits.reply_bytes);
  if (receive(child, pipe.read.get(), limits, reply)) {
    child.wait(0);
    return {reply.take(), ""};
  }
  if (reply.is_too_large()) return {"", "it holds too much"};
  child.kill();
  child.wait(0);
  return {"", child.death()};
}

}  // namespace petal
