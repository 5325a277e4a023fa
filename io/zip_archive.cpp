#include "io/zip_archive.h"

#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>

#include "engine/error.h"

namespace petal {

namespace {

constexpr std::uint64_t max_text_bytes = std::uint64_t{64} << 20;
// Keras stores members as they are; deflate takes weights to nine tenths, and zeros to a thousandth.
constexpr std::uint64_t max_expansion = 100, always_allowed_bytes = std::uint64_t{64} << 20;

using FileHandle = std::unique_ptr<zip_file_t, int (*)(zip_file_t*)>;

std::string reason_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  return reason;
}

}  // namespace

struct ZipArchive::State {
  std::filesystem::path path;
  std::uint64_t file_bytes = 0;
  zip_t* archive = nullptr;

  State() = default;
  State(const State&) = delete;
  ~State() {
    if (archive != nullptr) zip_discard(archive);
  }

  [[noreturn]] void fail(const std::string& member, const std::string& what) const {
    throw Error(path.string() + ": '" + member + "'", what);
  }

  // Throws where there is none of that name, or its size is not to be believed.
  zip_stat_t require(const std::string& member) const {
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat(archive, member.c_str(), 0, &status) != 0) fail(member, "is not in the archive");
    constexpr zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_INDEX;
    if ((status.valid & wanted) != wanted) fail(member, "does not say its size; the archive is damaged");
    if (status.comp_size > file_bytes) fail(member, "claims to be larger than the archive; it is damaged");
    if (status.size > always_allowed_bytes && status.size / max_expansion > status.comp_size)
      fail(member, "unpacks to " + std::to_string(status.size) + " bytes from " +
                       std::to_string(status.comp_size) + ", which no weights do; it is refused");
    return status;
  }

  // All bytes of a member, block by block; as many as it claims, with its checksum.
  void read(const zip_stat_t& member, const std::function<void(std::span<const char>)>& take) const {
    const std::string name = member.name;
    const FileHandle file(zip_fopen_index(archive, member.index, 0), zip_fclose);
    if (!file) fail(name, std::string("cannot be opened: ") + zip_strerror(archive));
    std::vector<char> block(1 << 18);
    std::uint64_t done = 0;
    while (true) {
      const zip_int64_t count = zip_fread(file.get(), block.data(), block.size());
      if (count < 0)
        fail(name, std::string("is damaged: ") + zip_error_strerror(zip_file_get_error(file.get())));
      if (count == 0) break;
      done += static_cast<std::uint64_t>(count);
      if (done > member.size) break;
      take({block.data(), static_cast<std::size_t>(count)});
    }
    if (done != member.size) fail(name, "does not unpack to its size; the archive is damaged");
  }
};

ZipArchive::ZipArchive(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;
ZipArchive::~ZipArchive() = default;

bool ZipArchive::is_zip(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return false;
  std::array<char, 2> start{};
  std::ifstream stream(file, std::ios::binary);
  return stream.read(start.data(), start.size()) && start == std::array{'P', 'K'};
}

ZipArchive ZipArchive::open(const std::filesystem::path& file) {
  auto state = std::make_unique<State>();
  state->path = file;
  std::error_code unknown;
  state->file_bytes = std::filesystem::file_size(file, unknown);
  int code = 0;
  state->archive = zip_open(file.c_str(), ZIP_RDONLY, &code);
  if (state->archive == nullptr)
    throw Error(file.string(),
                "is damaged or cut, as a zip archive: " + reason_of(code) + "; copy or download it again");
  return ZipArchive(std::move(state));
}

std::vector<ZipArchive::Member> ZipArchive::members() const {
  std::vector<Member> members;
  const zip_int64_t count = zip_get_num_entries(state_->archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat_index(state_->archive, static_cast<zip_uint64_t>(i), 0, &status) != 0) continue;
    members.push_back({status.name, status.size, status.comp_size});
  }
  return members;
}

bool ZipArchive::has(const std::string& member) const {
  return zip_name_locate(state_->archive, member.c_str(), 0) >= 0;
}

std::string ZipArchive::text(const std::string& member) const {
  const zip_stat_t status = state_->require(member);
  if (status.size > max_text_bytes)
    state_->fail(member, "has " + std::to_string(status.size) + " bytes; expected a text of at most " +
                             std::to_string(max_text_bytes));
  std::string text;
  state_->read(status, [&](std::span<const char> block) { text.append(block.data(), block.size()); });
  return text;
}

Descriptor ZipArchive::unpack(const std::string& member) const {
  const zip_stat_t status = state_->require(member);
  Descriptor file(::memfd_create("petal", MFD_CLOEXEC));
  const auto require = [&](bool fine) {
    if (!fine)
      throw Error(state_->path.string() + ": '" + member + "'",
                  std::string("cannot be unpacked into memory: ") + std::strerror(errno), ErrorKind::failure);
  };
  require(file.is_open());
  state_->read(status, [&](std::span<const char> block) {
    while (!block.empty()) {
      const ssize_t written = ::write(file.get(), block.data(), block.size());
      if (written < 0 && errno == EINTR) continue;
      require(written > 0);
      block = block.subspan(static_cast<std::size_t>(written));
    }
  });
  return file;
}

void write_zip(const std::filesystem::path& file, std::span<const ZipContent> contents) {
  const auto fail = [&](const std::string& what) {
    throw Error(file.string(), "cannot be written: " + what, ErrorKind::failure);
  };
  int code = 0;
  std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code),
                                                   zip_discard);
  if (!archive) fail(reason_of(code));
  for (const ZipContent& content : contents) {
    zip_source_t* source = zip_source_buffer(archive.get(), content.bytes.data(), content.bytes.size(), 0);
    const zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(archive.get(), content.name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0 && source != nullptr) zip_source_free(source);
    // 1980-01-01, where zip's time begins.
    constexpr zip_uint16_t date = 1 << 5 | 1;
    if (index < 0 ||
        zip_set_file_compression(archive.get(), static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive.get(), static_cast<zip_uint64_t>(index), 0, date, 0) != 0)
      fail(zip_strerror(archive.get()));
  }
  if (zip_close(archive.get()) != 0) fail(zip_strerror(archive.get()));
  static_cast<void>(archive.release());  // which closing has freed
}

}  // namespace petal
