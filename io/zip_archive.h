#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/descriptor.h"

namespace petal {

// A zip archive, open for reading. Errors are Error(bad_input) that begin with the file and the member. What
// the archive claims is not trusted: a member that unpacks to far more than it takes, or not to its size or
// checksum, is an error.
class ZipArchive {
 public:
  struct Member {
    std::string name;
    std::uint64_t bytes = 0, stored_bytes = 0;
  };

  // By its first bytes. False for what cannot be read.
  static bool is_zip(const std::filesystem::path& file);
  static ZipArchive open(const std::filesystem::path& file);
  ZipArchive(ZipArchive&&) noexcept;
  ~ZipArchive();

  std::vector<Member> members() const;
  bool has(const std::string& member) const;
  // A member's text; 64 MiB at most.
  std::string text(const std::string& member) const;
  // A member of any size, unpacked into memory, as a file of its own without a name.
  Descriptor unpack(const std::string& member) const;

 private:
  struct State;
  explicit ZipArchive(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct ZipContent {
  std::string name;
  std::string_view bytes;
};

// Writes an archive of these members, stored as they are; equal content gives equal bytes. Throws
// Error(failure) where the system refuses. Give it the path of write_atomically.
void write_zip(const std::filesystem::path& file, std::span<const ZipContent> contents);

}  // namespace petal
