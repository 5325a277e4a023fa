#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

struct XXH3_state_s;

namespace petal::checkpoint {

// A file that is written or read once from begin to end, with the XXH3 of all that went through.
class Stream {
 public:
  std::uint64_t checksum() const;

 protected:
  Stream(const std::filesystem::path& file, const char* mode);
  void add_to_checksum(const void* bytes, std::size_t size);
  [[noreturn]] void fail_with_reason(const std::string& what) const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;

 private:
  std::unique_ptr<XXH3_state_s, void (*)(XXH3_state_s*)> hash_;
};

class Writer : public Stream {
 public:
  // Throws Error(file, failure), as everything here.
  explicit Writer(const std::filesystem::path& file);
  void bytes(const void* data, std::size_t size);
  template <class Number>
  void number(Number value) {
    bytes(&value, sizeof value);
  }
  void text(const std::string& value);
  // Some systems report a full disk only here.
  void close();
};

class Reader : public Stream {
 public:
  // Throws Error(file) where the file is missing or none.
  explicit Reader(const std::filesystem::path& file);
  void bytes(void* data, std::size_t size);
  template <class Number>
  Number number() {
    Number value;
    bytes(&value, sizeof value);
    return value;
  }
  std::string text();
  // What of the file is not read yet.
  std::uintmax_t remaining() const { return remaining_; }
  // Throws damaged() where fewer bytes are left: before memory is taken for them.
  void require(std::uintmax_t size) const;
  [[noreturn]] void damaged() const;

 private:
  std::uintmax_t remaining_ = 0;
};

}  // namespace petal::checkpoint
