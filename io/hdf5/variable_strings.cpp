#include <unistd.h>

#include <bit>
#include <cstring>
#include <map>

#include "io/hdf5/handle.h"

namespace petal {

namespace {

static_assert(std::endian::native == std::endian::little, "HDF5's structures are little-endian");

template <class T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// What an attribute holds in place of a variable-length string: where in which collection it lies. Of the
// HDF5 File Format Specification 3.0, "Variable-length" in IV.B, for addresses of eight bytes.
constexpr std::size_t reference_size = 16;
struct Reference {
  std::uint32_t length = 0;
  std::uint64_t address = 0;  // of the collection, from the file's base; 0: a null string
  std::uint32_t index = 0;

  explicit Reference(const char* bytes)
      : length(load<std::uint32_t>(bytes)),
        address(load<std::uint64_t>(bytes + 4)),
        index(load<std::uint32_t>(bytes + 12)) {}
};

// A conversion that leaves the references as they are, so that H5Aread hands them out.
herr_t keep_references(hid_t source, hid_t target, H5T_cdata_t* data, std::size_t, std::size_t, std::size_t,
                       void*, void*, hid_t) {
  if (data->command != H5T_CONV_INIT) return 0;
  data->need_bkg = H5T_BKG_NO;
  return H5Tget_size(target) == reference_size && H5Tis_variable_str(source) > 0 ? 0 : -1;
}

Hdf5Handle variable_string_type() {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), H5T_VARIABLE);
  return type;
}

void register_conversion(hid_t opaque) {
  static const bool registered = [&] {
    return H5Tregister(H5T_PERS_SOFT, "petal: references", variable_string_type().id(), opaque,
                       keep_references) >= 0;
  }();
  static_cast<void>(registered);
}

// The collections that hold variable-length strings (III.E, "Global Heap"). They are read here because the
// library (1.10.8) trusts the sizes in them, and crashes or loops where they are damaged.
class GlobalHeap {
 public:
  GlobalHeap(int descriptor, std::uint64_t base, std::uint64_t file_bytes)
      : descriptor_(descriptor), base_(base), file_bytes_(file_bytes), budget_(file_bytes) {}

  // False where the reference leads nowhere.
  bool read(const Reference& reference, std::string& text) {
    const Collection* collection = find(reference.address);
    if (!collection) return false;
    const auto object = collection->objects.find(reference.index);
    if (object == collection->objects.end() || object->second.size() < reference.length) return false;
    // References may share an object; together they must not ask for all memory.
    if (reference.length > text_budget_) return false;
    text_budget_ -= reference.length;
    const char* start = object->second.data();
    text.assign(start, strnlen(start, reference.length));
    return true;
  }

 private:
  static constexpr std::uint64_t header = 16;
  struct Collection {
    std::vector<char> bytes;
    std::map<std::uint32_t, std::string_view> objects;
  };

  const Collection* find(std::uint64_t address) {
    if (const auto known = collections_.find(address); known != collections_.end()) return &known->second;
    std::vector<char> start(header);
    if (!read_at(address, start) || std::memcmp(start.data(), "GCOL\1", 5) != 0) return nullptr;
    const auto size = load<std::uint64_t>(start.data() + 8);
    if (size < header || size > budget_) return nullptr;
    budget_ -= size;
    Collection collection{std::vector<char>(size), {}};
    if (!read_at(address, collection.bytes)) return nullptr;
    index_objects(collection);
    return &(collections_[address] = std::move(collection));
  }

  // Objects stand one behind the other, each with its size in front, padded to eight bytes; number 0 is the
  // free rest.
  static void index_objects(Collection& collection) {
    const char* bytes = collection.bytes.data();
    for (std::uint64_t at = header; at + header <= collection.bytes.size();) {
      const auto number = load<std::uint16_t>(bytes + at);
      const auto size = load<std::uint64_t>(bytes + at + 8);
      if (number == 0 || size > collection.bytes.size() - at - header) return;
      collection.objects[number] = {bytes + at + header, size};
      at += header + (size + 7) / 8 * 8;
    }
  }

  bool read_at(std::uint64_t address, std::vector<char>& bytes) const {
    if (address > file_bytes_ - base_ || bytes.size() > file_bytes_ - base_ - address) return false;
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t count = pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(base_ + address + done));
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
    }
    return true;
  }

  int descriptor_;
  std::uint64_t base_, file_bytes_, budget_;
  std::uint64_t text_budget_ = std::uint64_t{1} << 28;
  std::map<std::uint64_t, Collection> collections_;
};

}  // namespace

std::optional<std::vector<std::string>> Hdf5File::State::read_variable_strings(hid_t attribute,
                                                                               std::size_t count) const {
  const Hdf5Handle creation(H5Fget_create_plist(file.id()), H5Pclose);
  std::size_t address_size = 0, length_size = 0;
  hsize_t base = 0;
  void* descriptor = nullptr;
  if (H5Pget_sizes(creation.id(), &address_size, &length_size) < 0 || address_size != 8 || length_size != 8 ||
      H5Pget_userblock(creation.id(), &base) < 0 || base > bytes ||
      H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &descriptor) < 0)
    return std::nullopt;
  const Hdf5Handle opaque(H5Tcreate(H5T_OPAQUE, reference_size), H5Tclose);
  register_conversion(opaque.id());
  std::vector<char> references(count * reference_size);
  if (H5Aread(attribute, opaque.id(), references.data()) < 0) return std::nullopt;

  GlobalHeap heap(*static_cast<int*>(descriptor), base, bytes);
  std::vector<std::string> strings(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Reference reference(references.data() + i * reference_size);
    if (reference.address != 0 && reference.length != 0 && !heap.read(reference, strings[i]))
      return std::nullopt;
  }
  return strings;
}

}  // namespace petal
