#include "io/hdf5/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>

#include "io/hdf5/handle.h"

namespace petal {

namespace {

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_members = 1 << 16;
constexpr std::array<char, 8> signature = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};

// The innermost entry of the library's error stack: the reason, where the outer ones only name calls.
std::string library_reason() {
  std::string reason;
  auto keep_first = [](unsigned index, const H5E_error2_t* entry, void* target) -> herr_t {
    if (index == 0 && entry->desc) static_cast<std::string*>(target)->assign(entry->desc);
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  return reason;
}

std::vector<std::string> components(const std::string& object) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < object.size();) {
    std::size_t end = std::min(object.find('/', begin), object.size());
    if (end > begin) parts.push_back(object.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// A word on what a file is that people take for weights.
std::string likely_kind(std::string_view start) {
  if (start.starts_with("PK")) return "it is a zip archive, as .keras files are";
  if (start.starts_with("version https://git-lfs")) return "it is a Git LFS pointer; fetch the file itself";
  if (start.starts_with("<")) return "it is a web page; download the file itself";
  return "Keras writes HDF5 with the suffix .h5";
}

// Tells apart what the library would call "unable to open file".
void require_hdf5(const std::filesystem::path& path) {
  std::error_code status_error;
  const auto status = std::filesystem::status(path, status_error);
  const std::string where = path.string();
  if (status.type() == std::filesystem::file_type::not_found) throw Error(where, "there is no such file");
  if (status.type() == std::filesystem::file_type::directory)
    throw Error(where, "is a folder; expected an HDF5 file");
  if (status.type() != std::filesystem::file_type::regular)
    throw Error(where, "is not a regular file; expected an HDF5 file");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(where, std::string("cannot be opened: ") + std::strerror(errno));
  const auto size = std::filesystem::file_size(path);
  if (size == 0) throw Error(where, "is empty; expected an HDF5 file");

  std::array<char, 64> start{};
  stream.read(start.data(), start.size());
  const std::string_view text(start.data(), static_cast<std::size_t>(stream.gcount()));
  // The signature stands at 0, or behind a user block of 512, 1024, ... bytes.
  for (std::uintmax_t offset = 0; offset + signature.size() <= size; offset = offset ? offset * 2 : 512) {
    std::array<char, 8> bytes{};
    stream.clear();
    stream.seekg(static_cast<std::streamoff>(offset));
    if (stream.read(bytes.data(), bytes.size()) && bytes == signature) return;
  }
  throw Error(where, "is not an HDF5 file: " + likely_kind(text));
}

Hdf5Handle reading_access() {
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
  // A lock gains a reader nothing and fails on some network file systems.
  H5Pset_file_locking(access.id(), false, true);
  return access;
}

}  // namespace

void silence_hdf5() {
  // The error handler is the thread's own in a thread-safe build.
  thread_local const bool silent = [] {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);  // no filter plugins: a file must not name code to load
    return true;
  }();
  static_cast<void>(silent);
}

void Hdf5File::State::fail(const std::string& object, const std::string& what, ErrorKind kind) const {
  throw Error(object.empty() || object == "/" ? path.string() : path.string() + ": '" + object + "'", what,
              kind);
}

void Hdf5File::State::fail_call(const std::string& object, const std::string& what, ErrorKind kind) const {
  const std::string reason = library_reason();
  fail(object, reason.empty() ? what : what + " (HDF5: " + reason + ")", kind);
}

Hdf5Handle Hdf5File::State::find(const std::string& object) const {
  const std::vector<std::string> parts = components(object);
  if (parts.size() > max_depth) fail(object, "lies deeper than " + std::to_string(max_depth) + " groups");
  Hdf5Handle at(H5Oopen(file.id(), "/", H5P_DEFAULT), H5Oclose);
  if (!at) fail_call("", "the root group cannot be read; the file is damaged");
  for (const std::string& part : parts) {
    if (H5Iget_type(at.id()) != H5I_GROUP) return {};
    const htri_t exists = H5Lexists(at.id(), part.c_str(), H5P_DEFAULT);
    if (exists < 0) fail_call(object, "cannot be looked up; the file is damaged");
    if (exists == 0) return {};
    H5L_info_t link{};
    if (H5Lget_info(at.id(), part.c_str(), &link, H5P_DEFAULT) < 0) fail_call(object, "has a damaged link");
    if (link.type != H5L_TYPE_HARD) fail(object, "is a soft or external link, which is not followed");
    Hdf5Handle next(H5Oopen(at.id(), part.c_str(), H5P_DEFAULT), H5Oclose);
    if (!next) fail_call(object, "cannot be opened; the file is damaged");
    at = std::move(next);
  }
  return at;
}

namespace {

// Writes a whole file; the reason of a refusal is the system's.
void write_bytes(const std::filesystem::path& file, std::span<const char> bytes) {
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (out == nullptr) {
    throw Error(file.string(), std::string("cannot be created: ") + std::strerror(errno), ErrorKind::failure);
  }
  // Unbuffered, so that closing has nothing left to fail on but the system itself.
  std::setvbuf(out, nullptr, _IONBF, 0);
  errno = 0;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size();
  const int reason = errno;
  const bool closed = std::fclose(out) == 0;
  if (!written || !closed) {
    throw Error(file.string(), std::string("cannot be written: ") + std::strerror(written ? errno : reason),
                ErrorKind::failure);
  }
}

}  // namespace

Hdf5Handle Hdf5File::State::require(const std::string& object) const {
  Hdf5Handle found = find(object);
  if (!found) fail(object, "is not in the file");
  return found;
}

Hdf5File::Hdf5File(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;
Hdf5File::~Hdf5File() = default;

Hdf5File Hdf5File::open(const std::filesystem::path& file) {
  silence_hdf5();
  require_hdf5(file);
  auto state = std::make_unique<State>();
  state->path = file;
  state->bytes = std::filesystem::file_size(file);
  const Hdf5Handle access = reading_access();
  state->file = Hdf5Handle(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose);
  if (!state->file) {
    const std::string reason = library_reason();
    if (reason.find("truncated") != std::string::npos)
      throw Error(file.string(), "is truncated at " + std::to_string(state->bytes) +
                                     " bytes; copy or download it again (HDF5: " + reason + ")");
    state->fail_call("", "is damaged; copy or download it again");
  }
  return Hdf5File(std::move(state));
}

// The file grows in memory and is written whole by close: HDF5 1.10 reads freed memory after a write that the
// disk refused.
Hdf5File Hdf5File::create(const std::filesystem::path& file) {
  silence_hdf5();
  constexpr std::size_t growth = std::size_t{4} << 20;
  auto state = std::make_unique<State>();
  state->path = file;
  state->writing = true;
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
  H5Pset_fapl_core(access.id(), growth, false);
  state->file = Hdf5Handle(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose);
  if (!state->file) state->fail_call("", "cannot be created", ErrorKind::failure);
  return Hdf5File(std::move(state));
}

void Hdf5File::close() {
  silence_hdf5();
  if (!state_->file) return;
  std::vector<char> image;
  if (state_->writing) {
    const bool flushed = H5Fflush(state_->file.id(), H5F_SCOPE_GLOBAL) >= 0;
    const ssize_t bytes = flushed ? H5Fget_file_image(state_->file.id(), nullptr, 0) : -1;
    if (bytes >= 0) image.resize(static_cast<std::size_t>(bytes));
    if (bytes < 0 || H5Fget_file_image(state_->file.id(), image.data(), image.size()) < 0)
      state_->fail_call("", "cannot be laid out", ErrorKind::failure);
  }
  if (!state_->file.release()) state_->fail_call("", "cannot be closed", ErrorKind::failure);
  if (state_->writing) write_bytes(state_->path, image);
}

const std::filesystem::path& Hdf5File::path() const {
  return state_->path;
}

bool Hdf5File::is_group(const std::string& object) const {
  silence_hdf5();
  const Hdf5Handle found = state_->find(object);
  return found && H5Iget_type(found.id()) == H5I_GROUP;
}

bool Hdf5File::is_dataset(const std::string& object) const {
  silence_hdf5();
  const Hdf5Handle found = state_->find(object);
  return found && H5Iget_type(found.id()) == H5I_DATASET;
}

std::vector<std::string> Hdf5File::members(const std::string& group) const {
  silence_hdf5();
  const Hdf5Handle found = state_->require(group);
  if (H5Iget_type(found.id()) != H5I_GROUP) state_->fail(group, "is not a group");
  struct Collected {
    std::vector<std::string> names;
    bool too_many = false;
  } collected;
  auto collect = [](hid_t, const char* name, const H5L_info_t* link, void* target) -> herr_t {
    auto& into = *static_cast<Collected*>(target);
    if (link->type != H5L_TYPE_HARD) return 0;
    into.too_many = into.names.size() >= max_members;
    if (into.too_many) return 1;
    into.names.emplace_back(name);
    return 0;
  };
  if (H5Literate(found.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &collected) < 0)
    state_->fail_call(group, "cannot be listed; the file is damaged");
  if (collected.too_many) state_->fail(group, "has more than " + std::to_string(max_members) + " members");
  std::sort(collected.names.begin(), collected.names.end());
  return std::move(collected.names);
}

}  // namespace petal
