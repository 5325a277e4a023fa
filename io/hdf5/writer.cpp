#include "io/hdf5/writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <vector>

#include "engine/error.h"
#include "io/hdf5/handle.h"

namespace petal {

#ifndef H5_HAVE_THREADSAFE
#error "Petal needs a thread-safe build of HDF5 (Debian's libhdf5-dev is one)"
#endif

// Every entry to the library goes through one of these.
struct Hdf5Writer::State {
  std::filesystem::path path;
  Hdf5Handle file;

  [[noreturn]] void fail(const std::string& object, const std::string& what) const {
    throw Error(object.empty() || object == "/" ? path.string() : path.string() + ": '" + object + "'", what,
                ErrorKind::failure);
  }
  // The same right after a call of the library has failed, with its reason.
  [[noreturn]] void fail_call(const std::string& object, const std::string& what) const {
    fail(object, with_hdf5_reason(what));
  }

  // `data` null: an attribute without elements.
  void write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space,
                       const void* data) const {
    const Hdf5Handle found(H5Oopen(file.id(), object.empty() ? "/" : object.c_str(), H5P_DEFAULT), H5Oclose);
    if (!found) fail_call(object, "is not in the file");
    const Hdf5Handle attribute(H5Acreate2(found.id(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                               H5Aclose);
    if (!attribute || (data && H5Awrite(attribute.id(), type, data) < 0))
      fail_call(object, "attribute '" + name + "' cannot be written");
  }
};

namespace {

// Keras's HDF5_OBJECT_HEADER_LIMIT: an attribute must fit into an object header of 64 KiB.
constexpr std::size_t attribute_limit = 64512;

// In the library, alone and silent.
class InLibrary {
 public:
  InLibrary() : lock_(hdf5_in_use()) { silence_hdf5(); }

 private:
  std::scoped_lock<std::mutex> lock_;
};

// What numpy's array_split(values, parts) gives as part `index`: the first ones are longer by one.
std::span<const std::string> part_of(std::span<const std::string> values, std::size_t parts,
                                     std::size_t index) {
  const std::size_t base = values.size() / parts, longer = values.size() % parts;
  return values.subspan(index * base + std::min(index, longer), base + (index < longer ? 1 : 0));
}

std::size_t longest(std::span<const std::string> values) {
  std::size_t size = 1;
  for (const std::string& value : values) size = std::max(size, value.size());
  return size;
}

// Keras measures every part as an array of its own, padded to its longest string.
bool all_parts_fit(std::span<const std::string> values, std::size_t parts) {
  for (std::size_t i = 0; i < parts; ++i) {
    const auto part = part_of(values, parts, i);
    if (part.size() * longest(part) > attribute_limit) return false;
  }
  return true;
}

// A chunk no larger than about 1 MiB: whole rows of the outermost dimensions.
std::vector<hsize_t> chunk_of(std::vector<hsize_t> dims) {
  constexpr hsize_t limit = (1 << 20) / sizeof(float);
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    hsize_t inner = 1;
    for (std::size_t i = axis + 1; i < dims.size(); ++i) inner *= dims[i];
    dims[axis] = std::clamp<hsize_t>(limit / inner, 1, dims[axis]);
  }
  return dims;
}

Hdf5Handle make_parents() {
  Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.id(), 1);
  return links;
}

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

Hdf5Writer::Hdf5Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hdf5Writer::Hdf5Writer(Hdf5Writer&&) noexcept = default;
Hdf5Writer& Hdf5Writer::operator=(Hdf5Writer&&) noexcept = default;
Hdf5Writer::~Hdf5Writer() {
  const InLibrary library;
  state_.reset();
}

// The file grows in memory and is written whole by close: HDF5 1.10 reads freed memory after a write that the
// disk refused.
Hdf5Writer Hdf5Writer::create(const std::filesystem::path& file) {
  const InLibrary library;
  constexpr std::size_t growth = std::size_t{4} << 20;
  auto state = std::make_unique<State>();
  state->path = file;
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
  H5Pset_fapl_core(access.id(), growth, false);
  state->file = Hdf5Handle(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose);
  if (!state->file) state->fail_call("", "cannot be created");
  return Hdf5Writer(std::move(state));
}

void Hdf5Writer::close() {
  write_bytes(state_->path, close_to_bytes());
}

std::string Hdf5Writer::close_to_bytes() {
  const InLibrary library;
  std::string image;
  const bool flushed = state_->file && H5Fflush(state_->file.id(), H5F_SCOPE_GLOBAL) >= 0;
  const ssize_t bytes = flushed ? H5Fget_file_image(state_->file.id(), nullptr, 0) : -1;
  if (bytes >= 0) image.resize(static_cast<std::size_t>(bytes));
  if (bytes < 0 || H5Fget_file_image(state_->file.id(), image.data(), image.size()) < 0)
    state_->fail_call("", "cannot be laid out");
  if (!state_->file.release()) state_->fail_call("", "cannot be closed");
  return image;
}

void Hdf5Writer::write_string_attribute(const std::string& object, const std::string& name,
                                        const std::string& value) {
  const InLibrary library;
  const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), H5T_VARIABLE);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const char* text = value.c_str();
  state_->write_attribute(object, name, type.id(), space.id(), &text);
}

void Hdf5Writer::write_strings_attribute(const std::string& object, const std::string& name,
                                         std::span<const std::string> values) {
  const InLibrary library;
  if (longest(values) > attribute_limit)
    state_->fail(object, "attribute '" + name + "' has a string over " + std::to_string(attribute_limit) +
                             " bytes, which HDF5 cannot hold");
  std::size_t parts = 1;
  while (!all_parts_fit(values, parts)) ++parts;
  for (std::size_t i = 0; i < parts; ++i) {
    const auto part = part_of(values, parts, i);
    const std::size_t size = longest(part);
    std::vector<char> bytes(part.size() * size, '\0');
    for (std::size_t j = 0; j < part.size(); ++j) std::ranges::copy(part[j], bytes.begin() + j * size);
    const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), size);
    H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
    const hsize_t count = part.size();
    const Hdf5Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
    state_->write_attribute(object, parts == 1 ? name : name + std::to_string(i), type.id(), space.id(),
                            part.empty() ? nullptr : bytes.data());
  }
}

void Hdf5Writer::create_group(const std::string& group) {
  const InLibrary library;
  const Hdf5Handle links = make_parents();
  const Hdf5Handle made(H5Gcreate2(state_->file.id(), group.c_str(), links.id(), H5P_DEFAULT, H5P_DEFAULT),
                        H5Gclose);
  if (!made) state_->fail_call(group, "cannot be created as a group");
}

void Hdf5Writer::write_dataset(const std::string& object, const Shape& shape, std::span<const float> values,
                               const Hdf5Storage& storage) {
  const InLibrary library;
  if (static_cast<std::int64_t>(values.size()) != shape.elements())
    state_->fail(object, std::to_string(values.size()) + " numbers were given for " + shape.to_string());
  const std::vector<hsize_t> dims(shape.dims().begin(), shape.dims().end());
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), H5Sclose);
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation.id(), false);  // the same numbers give the same bytes
  if (storage.compress && !dims.empty() && !values.empty()) {
    H5Pset_chunk(creation.id(), static_cast<int>(dims.size()), chunk_of(dims).data());
    H5Pset_shuffle(creation.id());
    H5Pset_deflate(creation.id(), 4);
  }
  const Hdf5Handle links = make_parents();
  const Hdf5Handle dataset(H5Dcreate2(state_->file.id(), object.c_str(), H5T_IEEE_F32LE, space.id(),
                                      links.id(), creation.id(), H5P_DEFAULT),
                           H5Dclose);
  if (!dataset) state_->fail_call(object, "cannot be created as a dataset");
  if (!values.empty() &&
      H5Dwrite(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    state_->fail_call(object, "cannot be written");
}

}  // namespace petal
