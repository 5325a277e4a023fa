#include "io/hdf5/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/error.h"
#include "io/guarded_process.h"
#include "io/hdf5/library_reader.h"
#include "io/hdf5/values.h"

namespace petal {

namespace {

constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";

// A word on what a file is that people take for weights.
std::string likely_kind(std::string_view start) {
  if (start.starts_with("PK")) return "it is a zip archive, as .keras files are";
  if (start.starts_with("version https://git-lfs")) return "it is a Git LFS pointer; fetch the file itself";
  if (start.starts_with("<")) return "it is a web page; download the file itself";
  return "Keras writes HDF5 with the suffix .h5";
}

std::string_view read_at(int descriptor, std::uint64_t offset, std::span<char> into) {
  const ssize_t count = ::pread(descriptor, into.data(), into.size(), static_cast<off_t>(offset));
  return {into.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

Descriptor open_regular(const std::filesystem::path& path) {
  const std::string where = path.string();
  struct stat status {};
  // Asked before it is opened, because opening may wait for ever (a FIFO).
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw Error(where, "there is no such file");
    throw Error(where, std::string("cannot be opened: ") + std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw Error(where, "is a folder; expected an HDF5 file");
  if (!S_ISREG(status.st_mode)) throw Error(where, "is not a regular file; expected an HDF5 file");
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.is_open()) throw Error(where, std::string("cannot be opened: ") + std::strerror(errno));
  return descriptor;
}

std::uint64_t size_of(int descriptor, const std::string& where) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    throw Error(where, std::string("cannot be read: ") + std::strerror(errno));
  return static_cast<std::uint64_t>(status.st_size);
}

// Tells apart what the library would call "unable to open file".
void require_hdf5(int descriptor, std::uint64_t size, const std::string& where) {
  if (size == 0) throw Error(where, "is empty; expected an HDF5 file");
  std::array<char, 64> start{};
  // The signature stands at 0, or behind a user block of 512, 1024, ... bytes.
  for (std::uint64_t offset = 0; offset + signature.size() <= size; offset = offset ? offset * 2 : 512) {
    std::array<char, signature.size()> bytes{};
    if (read_at(descriptor, offset, bytes) == signature) return;
  }
  throw Error(where, "is not an HDF5 file: " + likely_kind(read_at(descriptor, 0, start)));
}

Hdf5Contents read_contents(int descriptor, const std::string& where, Hdf5Extent extent) {
  const std::uint64_t size = size_of(descriptor, where);
  require_hdf5(descriptor, size, where);
  // An attribute is as large as the file at most, and is held a few times.
  GuardLimits limits;
  limits.memory_bytes += 4 * size;
  limits.reply_bytes += 2 * size;
  const GuardedEnd end = run_guarded(
      where, hdf5_in_use(), [&] { return read_with_library(descriptor, size, extent).to_bytes(); }, limits);
  std::optional<Hdf5Contents> contents;
  if (end.death.empty()) contents = Hdf5Contents::from_bytes(end.reply);
  if (!contents)
    throw Error(where, "it is damaged: " + (end.death.empty() ? "reading it fails" : end.death) +
                           "; copy or download it again");
  if (!contents->fault.empty()) throw Error(where, contents->fault);
  if (!contents->objects.contains("")) throw Error(where, "it is damaged: it has no root group");
  return std::move(*contents);
}

// Without slashes at the ends or doubled.
std::string normal(const std::string& object) {
  std::string path;
  for (std::size_t begin = 0; begin < object.size();) {
    const std::size_t end = std::min(object.find('/', begin), object.size());
    if (end > begin) path += (path.empty() ? "" : "/") + object.substr(begin, end - begin);
    begin = end + 1;
  }
  return path;
}

}  // namespace

Hdf5File::Hdf5File(std::filesystem::path path, Descriptor descriptor, Hdf5Contents contents)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), contents_(std::move(contents)) {}

Hdf5File Hdf5File::open(const std::filesystem::path& file) {
  return of(open_regular(file), file);
}

Hdf5File Hdf5File::of(Descriptor file, const std::filesystem::path& path) {
  Hdf5Contents contents = read_contents(file.get(), path.string(), Hdf5Extent::everything);
  return Hdf5File(path, std::move(file), std::move(contents));
}

bool Hdf5File::root_has_attribute(const std::filesystem::path& file, const std::string& name) {
  const Descriptor descriptor = open_regular(file);
  const Hdf5Contents contents = read_contents(descriptor.get(), file.string(), Hdf5Extent::root_attributes);
  return contents.objects.at("").attributes.contains(name);
}

void Hdf5File::fail(const std::string& object, const std::string& what) const {
  throw Error(object.empty() || object == "/" ? path_.string() : path_.string() + ": '" + object + "'", what);
}

const Hdf5Object* Hdf5File::find(const std::string& object) const {
  const std::string path = normal(object);
  const auto found = contents_.objects.find(path);
  if (found != contents_.objects.end()) {
    const Hdf5Object::Kind kind = found->second.kind;
    if (kind != Hdf5Object::Kind::group && kind != Hdf5Object::Kind::dataset)
      fail(object, found->second.fault);
    return &found->second;
  }
  // Not there, or not to be seen because of what it lies in.
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const auto around = contents_.objects.find(path.substr(0, slash));
    if (around != contents_.objects.end() && !around->second.fault.empty())
      fail(around->first, around->second.fault);
  }
  return nullptr;
}

const Hdf5Object& Hdf5File::require(const std::string& object) const {
  const Hdf5Object* found = find(object);
  if (found == nullptr) fail(object, "is not in the file");
  return *found;
}

bool Hdf5File::is_group(const std::string& object) const {
  const Hdf5Object* found = find(object);
  return found != nullptr && found->kind == Hdf5Object::Kind::group;
}

bool Hdf5File::is_dataset(const std::string& object) const {
  const Hdf5Object* found = find(object);
  return found != nullptr && found->kind == Hdf5Object::Kind::dataset;
}

std::vector<std::string> Hdf5File::members(const std::string& group) const {
  const Hdf5Object& found = require(group);
  if (found.kind != Hdf5Object::Kind::group) fail(group, "is not a group");
  if (!found.fault.empty()) fail(group, found.fault);
  const std::string path = normal(group);
  const std::string prefix = path.empty() ? "" : path + "/";
  std::vector<std::string> names;
  for (auto at = contents_.objects.upper_bound(prefix);
       at != contents_.objects.end() && at->first.starts_with(prefix); ++at) {
    const std::string name = at->first.substr(prefix.size());
    if (name.find('/') == std::string::npos && at->second.kind != Hdf5Object::Kind::link)
      names.push_back(name);
  }
  return names;
}

bool Hdf5File::has_attribute(const std::string& object, const std::string& name) const {
  return require(object).attributes.contains(name);
}

const std::vector<std::string>* Hdf5File::find_strings(const std::string& object,
                                                       const std::string& name) const {
  const Hdf5Object& found = require(object);
  const auto attribute = found.attributes.find(name);
  if (attribute == found.attributes.end()) {
    if (!found.fault.empty() && found.kind == Hdf5Object::Kind::group) fail(object, found.fault);
    return nullptr;
  }
  if (!attribute->second.fault.empty()) fail(object, "attribute '" + name + "' " + attribute->second.fault);
  return &attribute->second.strings;
}

std::optional<std::string> Hdf5File::string_attribute(const std::string& object,
                                                      const std::string& name) const {
  const auto* strings = find_strings(object, name);
  if (strings == nullptr) return std::nullopt;
  if (strings->size() != 1)
    fail(object, "attribute '" + name + "' has " + std::to_string(strings->size()) +
                     " elements; expected one string");
  return strings->front();
}

std::optional<std::vector<std::string>> Hdf5File::strings_attribute(const std::string& object,
                                                                    const std::string& name) const {
  if (const auto* whole = find_strings(object, name)) return *whole;
  std::optional<std::vector<std::string>> joined;
  for (std::size_t i = 0;; ++i) {
    const auto* part = find_strings(object, name + std::to_string(i));
    if (part == nullptr) return joined;
    if (!joined) joined.emplace();
    joined->insert(joined->end(), part->begin(), part->end());
  }
}

const Hdf5Dataset& Hdf5File::dataset(const std::string& object) const {
  const Hdf5Object& found = require(object);
  if (found.kind != Hdf5Object::Kind::dataset) fail(object, "is not a dataset");
  if (!found.fault.empty()) fail(object, found.fault);
  return found.dataset;
}

void Hdf5File::read(const std::string& object, std::span<float> values) const {
  const Hdf5Dataset& info = dataset(object);
  if (static_cast<std::int64_t>(values.size()) != info.shape.elements())
    fail(object,
         "is " + info.shape.to_string() + "; expected " + std::to_string(values.size()) + " elements");
  if (const std::string fault = read_values(descriptor_.get(), info, values); !fault.empty())
    fail(object, fault);
}

}  // namespace petal
