#include <algorithm>
#include <cstring>

#include "io/hdf5/handle.h"

namespace petal {

namespace {

// Keras's HDF5_OBJECT_HEADER_LIMIT: an attribute must fit into an object header of 64 KiB.
constexpr std::size_t attribute_limit = 64512;

// A string of fixed length may fill its place without a NUL, or be padded with NULs or spaces.
std::string fixed_string(const char* bytes, std::size_t size, H5T_str_t padding) {
  std::size_t length = strnlen(bytes, size);
  if (padding == H5T_STR_SPACEPAD)
    while (length > 0 && bytes[length - 1] == ' ') --length;
  return {bytes, length};
}

std::optional<std::vector<std::string>> read_fixed(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t size = H5Tget_size(type);
  std::vector<char> bytes(count * size);
  if (H5Aread(attribute, type, bytes.data()) < 0) return std::nullopt;
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < count; ++i)
    strings.push_back(fixed_string(bytes.data() + i * size, size, H5Tget_strpad(type)));
  return strings;
}

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

}  // namespace

bool Hdf5File::has_attribute(const std::string& object, const std::string& name) const {
  silence_hdf5();
  const Hdf5Handle found = state_->require(object);
  const htri_t exists = H5Aexists(found.id(), name.c_str());
  if (exists < 0) state_->fail_call(object, "has damaged attributes");
  return exists > 0;
}

std::optional<std::vector<std::string>> Hdf5File::State::read_strings(const std::string& object,
                                                                      const std::string& name) const {
  const Hdf5Handle found = require(object);
  const htri_t exists = H5Aexists(found.id(), name.c_str());
  if (exists < 0) fail_call(object, "has damaged attributes");
  if (exists == 0) return std::nullopt;
  const Hdf5Handle attribute(H5Aopen(found.id(), name.c_str(), H5P_DEFAULT), H5Aclose);
  if (!attribute) fail_call(object, "attribute '" + name + "' cannot be opened; the file is damaged");
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  const hssize_t count = space ? H5Sget_simple_extent_npoints(space.id()) : -1;
  if (!type || count < 0) fail_call(object, "attribute '" + name + "' is damaged");
  if (count == 0) return std::vector<std::string>{};
  if (H5Tget_class(type.id()) != H5T_STRING) fail(object, "attribute '" + name + "' is not text");

  const htri_t variable = H5Tis_variable_str(type.id());
  const std::uint64_t size = H5Tget_size(type.id());
  // In the file a variable string takes 16 bytes and up, a fixed one its size: more cannot be there.
  if (variable < 0 || size == 0 || static_cast<std::uint64_t>(count) > bytes / (variable ? 16 : size))
    fail(object, "attribute '" + name + "' claims to be larger than the file; the file is damaged");
  const auto elements = static_cast<std::size_t>(count);
  auto strings = variable ? read_variable_strings(attribute.id(), elements)
                          : read_fixed(attribute.id(), type.id(), elements);
  if (!strings) fail_call(object, "attribute '" + name + "' cannot be read; the file is damaged");
  return strings;
}

std::optional<std::string> Hdf5File::string_attribute(const std::string& object,
                                                      const std::string& name) const {
  silence_hdf5();
  auto strings = state_->read_strings(object, name);
  if (!strings) return std::nullopt;
  if (strings->size() != 1)
    state_->fail(object, "attribute '" + name + "' has " + std::to_string(strings->size()) +
                             " elements; expected one string");
  return std::move(strings->front());
}

std::optional<std::vector<std::string>> Hdf5File::strings_attribute(const std::string& object,
                                                                    const std::string& name) const {
  silence_hdf5();
  if (auto whole = state_->read_strings(object, name)) return whole;
  auto joined = state_->read_strings(object, name + "0");
  if (!joined) return std::nullopt;
  for (std::size_t i = 1;; ++i) {
    auto part = state_->read_strings(object, name + std::to_string(i));
    if (!part) return joined;
    joined->insert(joined->end(), part->begin(), part->end());
  }
}

void Hdf5File::State::write_attribute(const std::string& object, const std::string& name, hid_t type,
                                      hid_t space, const void* data) const {
  const Hdf5Handle found = require(object);
  const Hdf5Handle attribute(H5Acreate2(found.id(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                             H5Aclose);
  if (!attribute || (data && H5Awrite(attribute.id(), type, data) < 0))
    fail_call(object, "attribute '" + name + "' cannot be written", ErrorKind::failure);
}

void Hdf5File::write_string_attribute(const std::string& object, const std::string& name,
                                      const std::string& value) {
  silence_hdf5();
  const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), H5T_VARIABLE);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const char* text = value.c_str();
  state_->write_attribute(object, name, type.id(), space.id(), &text);
}

void Hdf5File::write_strings_attribute(const std::string& object, const std::string& name,
                                       std::span<const std::string> values) {
  silence_hdf5();
  if (longest(values) > attribute_limit)
    state_->fail(object,
                 "attribute '" + name + "' has a string over " + std::to_string(attribute_limit) +
                     " bytes, which HDF5 cannot hold",
                 ErrorKind::failure);
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

}  // namespace petal
