#include "io/checkpoint_stream.h"

#include <xxhash.h>

#include <bit>
#include <cerrno>
#include <system_error>

#include "engine/error.h"

namespace petal::checkpoint {

static_assert(std::endian::native == std::endian::little, "numbers go into the file as they lie in memory");

Stream::Stream(const std::filesystem::path& file, const char* mode)
    : path_(file),
      file_(std::fopen(file.c_str(), mode), &std::fclose),
      hash_(XXH3_createState(), [](XXH3_state_s* state) { XXH3_freeState(state); }) {
  if (hash_ == nullptr) throw Error(path_.string(), "memory is short", ErrorKind::failure);
  XXH3_64bits_reset(hash_.get());
}

std::uint64_t Stream::checksum() const {
  return XXH3_64bits_digest(hash_.get());
}

void Stream::add_to_checksum(const void* bytes, std::size_t size) {
  XXH3_64bits_update(hash_.get(), bytes, size);
}

void Stream::fail_with_reason(const std::string& what) const {
  throw Error(path_.string(), what + ": " + std::generic_category().message(errno), ErrorKind::failure);
}

Writer::Writer(const std::filesystem::path& file) : Stream(file, "wb") {
  if (file_ == nullptr) fail_with_reason("cannot create it");
}

void Writer::bytes(const void* data, std::size_t size) {
  if (size == 0) return;
  if (std::fwrite(data, 1, size, file_.get()) != size) fail_with_reason("cannot write it");
  add_to_checksum(data, size);
}

void Writer::text(const std::string& value) {
  number(static_cast<std::uint64_t>(value.size()));
  bytes(value.data(), value.size());
}

void Writer::close() {
  if (std::fclose(file_.release()) != 0) fail_with_reason("cannot write it");
}

Reader::Reader(const std::filesystem::path& file) : Stream(file, "rb") {
  std::error_code error;
  if (file_ == nullptr) {
    throw Error(path_.string(), "cannot open the checkpoint: " + std::generic_category().message(errno));
  }
  remaining_ = std::filesystem::file_size(file, error);
  if (error) throw Error(path_.string(), "is no file: " + error.message());
}

void Reader::require(std::uintmax_t size) const {
  if (size > remaining_) damaged();
}

void Reader::bytes(void* data, std::size_t size) {
  require(size);
  if (size == 0) return;
  if (std::fread(data, 1, size, file_.get()) != size) {
    if (std::ferror(file_.get())) fail_with_reason("cannot read it");
    damaged();  // it became shorter under our hands
  }
  remaining_ -= size;
  add_to_checksum(data, size);
}

std::string Reader::text() {
  const auto size = number<std::uint64_t>();
  require(size);
  std::string value(static_cast<std::size_t>(size), '\0');
  bytes(value.data(), value.size());
  return value;
}

void Reader::damaged() const {
  throw Error(path_.string(), "the checkpoint is truncated or damaged; start the training anew");
}

}  // namespace petal::checkpoint
