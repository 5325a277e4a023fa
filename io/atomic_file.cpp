#include "io/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "engine/error.h"

namespace petal {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what, int error) {
  throw Error(file.string(), what + ": " + std::generic_category().message(error), ErrorKind::failure);
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) {
    do {
      descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EINTR);
  }
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

  // Some file systems report a full disk only here.
  bool close() {
    const int result = ::close(descriptor_);
    descriptor_ = -1;
    return result == 0;
  }

 private:
  int descriptor_ = -1;
};

// Removes the part file unless it has become the file.
class PartFile {
 public:
  explicit PartFile(const std::filesystem::path& file) : path_(file) { path_ += ".part"; }
  ~PartFile() {
    if (!renamed_) ::unlink(path_.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void rename_to(const std::filesystem::path& file) {
    if (::rename(path_.c_str(), file.c_str()) != 0)
      fail(file, "cannot rename " + path_.string() + " over it", errno);
    renamed_ = true;
  }

 private:
  std::filesystem::path path_;
  bool renamed_ = false;
};

// Without this a power cut after the rename could leave an empty file under the good name.
void flush_to_disk(const std::filesystem::path& part, const std::filesystem::path& file) {
  Descriptor descriptor(part, O_RDONLY);
  if (!descriptor.is_open()) fail(file, "cannot reopen " + part.string(), errno);
  if (::fsync(descriptor.get()) != 0) fail(file, "cannot write it to the disk", errno);
  if (!descriptor.close()) fail(file, "cannot close " + part.string(), errno);
}

// Makes the rename itself lasting. The file is complete by now, and some file systems cannot flush a folder,
// so a failure here is none of the caller's.
void flush_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  if (descriptor.is_open()) ::fsync(descriptor.get());
}

void write_all(const std::filesystem::path& part, const std::filesystem::path& file,
               std::string_view content) {
  Descriptor descriptor(part, O_WRONLY | O_CREAT | O_TRUNC);
  if (!descriptor.is_open()) fail(file, "cannot create " + part.string(), errno);
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(file, "cannot write to " + part.string(), errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!descriptor.close()) fail(file, "cannot close " + part.string(), errno);
}

}  // namespace

void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path&)>& write) {
  PartFile part(file);
  write(part.path());
  flush_to_disk(part.path(), file);
  part.rename_to(file);
  flush_folder(file);
}

void write_atomically(const std::filesystem::path& file, std::string_view content) {
  write_atomically(file, [&](const std::filesystem::path& part) { write_all(part, file, content); });
}

}  // namespace petal
