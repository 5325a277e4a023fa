#include "io/hdf5/library_reader.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <set>

namespace petal {

namespace {

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_objects = std::size_t{1} << 18;

// A string of fixed length may fill its place without a NUL, or be padded with NULs or spaces.
std::string fixed_string(const char* bytes, std::size_t size, H5T_str_t padding) {
  std::size_t length = strnlen(bytes, size);
  if (padding == H5T_STR_SPACEPAD)
    while (length > 0 && bytes[length - 1] == ' ') --length;
  return {bytes, length};
}

std::vector<std::string> read_fixed(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t size = H5Tget_size(type);
  std::vector<char> bytes(count * size);
  if (H5Aread(attribute, type, bytes.data()) < 0)
    throw Hdf5Fault{with_hdf5_reason("cannot be read; the file is damaged")};
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < count; ++i)
    strings.push_back(fixed_string(bytes.data() + i * size, size, H5Tget_strpad(type)));
  return strings;
}

// A null pointer is an empty string.
std::vector<std::string> read_variable(hid_t attribute, hid_t type, std::size_t count) {
  const Hdf5Handle space(H5Aget_space(attribute), H5Sclose);
  std::vector<char*> pointers(count, nullptr);
  if (H5Aread(attribute, type, pointers.data()) < 0)
    throw Hdf5Fault{with_hdf5_reason("cannot be read; the file is damaged")};
  std::vector<std::string> strings;
  for (const char* text : pointers) strings.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(type, space.id(), H5P_DEFAULT, pointers.data());
  return strings;
}

// A file as the library's image of one, without a copy. By its descriptor, because the numbers will be read
// from the very file that is described here, and it may have no name. It stays mapped: the process ends soon.
void set_image(hid_t access, int descriptor, std::uint64_t file_bytes) {
  void* image = ::mmap(nullptr, file_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (image == MAP_FAILED) throw Hdf5Fault{std::string("cannot be mapped: ") + std::strerror(errno)};
  H5FD_file_image_callbacks_t without_copy{};
  without_copy.image_malloc = [](size_t, H5FD_file_image_op_t, void* mapped) { return mapped; };
  without_copy.image_memcpy = [](void* to, const void*, size_t, H5FD_file_image_op_t, void*) { return to; };
  without_copy.image_free = [](void*, H5FD_file_image_op_t, void*) -> herr_t { return 0; };
  without_copy.udata_copy = [](void* mapped) { return mapped; };
  without_copy.udata_free = [](void*) -> herr_t { return 0; };
  without_copy.udata = image;
  if (H5Pset_fapl_core(access, 1 << 16, false) < 0 ||
      H5Pset_file_image_callbacks(access, &without_copy) < 0 ||
      H5Pset_file_image(access, image, file_bytes) < 0)
    throw Hdf5Fault{with_hdf5_reason("cannot be opened")};
}

class LibraryReader {
 public:
  LibraryReader(int descriptor, std::uint64_t file_bytes) : file_bytes_(file_bytes) {
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
    set_image(access.id(), descriptor, file_bytes);
    file_ = Hdf5Handle(H5Fopen("image", H5F_ACC_RDONLY, access.id()), H5Fclose);
    if (file_) return;
    const std::string reason = hdf5_reason();
    if (reason.find("truncated") != std::string::npos)
      throw Hdf5Fault{"is truncated at " + std::to_string(file_bytes) +
                      " bytes; copy or download it again (HDF5: " + reason + ")"};
    throw Hdf5Fault{with_hdf5_reason("is damaged; copy or download it again")};
  }

  Hdf5Contents read(Hdf5Extent extent) {
    const Hdf5Handle root(H5Oopen(file_.id(), "/", H5P_DEFAULT), H5Oclose);
    if (!root) throw Hdf5Fault{with_hdf5_reason("the root group cannot be read; the file is damaged")};
    read_object("", root.id(), extent == Hdf5Extent::everything ? 0 : max_depth);
    return std::move(contents_);
  }

 private:
  void read_object(const std::string& path, hid_t id, std::size_t depth) {
    if (contents_.objects.size() >= max_objects)
      throw Hdf5Fault{"holds more than " + std::to_string(max_objects) + " objects"};
    Hdf5Object& object = contents_.objects[path];
    object.kind = Hdf5Object::Kind::broken;
    object.fault = "is neither a group nor a dataset";
    try {
      const H5I_type_t type = H5Iget_type(id);
      if (type == H5I_DATASET) {
        object.kind = Hdf5Object::Kind::dataset;
        read_attributes(object, id);
        object.dataset = examine_dataset(id, file_bytes_);
      } else if (type == H5I_GROUP) {
        object.kind = Hdf5Object::Kind::group;
        read_attributes(object, id);
        read_members(path, id, depth);
      }
      if (object.kind != Hdf5Object::Kind::broken) object.fault.clear();
    } catch (const Hdf5Fault& fault) {
      object.fault = fault.what;
    }
  }

  void read_members(const std::string& path, hid_t group, std::size_t depth) {
    if (depth >= max_depth) return;
    // Of a group that is linked into itself there is no end.
    H5O_info_t info{};
    if (H5Oget_info2(group, &info, H5O_INFO_BASIC) < 0)
      throw Hdf5Fault{with_hdf5_reason("cannot be read; the file is damaged")};
    if (!groups_.insert(info.addr).second) throw Hdf5Fault{"is linked twice, which is not followed"};
    for (const auto& [name, is_hard] : links(group)) {
      const std::string member = path.empty() ? name : path + "/" + name;
      if (!is_hard) {
        set_unread(member, Hdf5Object::Kind::link, "is a soft or external link, which is not followed");
        continue;
      }
      const Hdf5Handle object(H5Oopen(group, name.c_str(), H5P_DEFAULT), H5Oclose);
      if (object)
        read_object(member, object.id(), depth + 1);
      else
        set_unread(member, Hdf5Object::Kind::broken,
                   with_hdf5_reason("cannot be opened; the file is damaged"));
    }
  }

  void set_unread(const std::string& path, Hdf5Object::Kind kind, const std::string& fault) {
    contents_.objects[path] = {kind, fault, {}, {}};
  }

  // Names of members, and whether they are links inside the file.
  static std::vector<std::pair<std::string, bool>> links(hid_t group) {
    std::vector<std::pair<std::string, bool>> found;
    auto collect = [](hid_t, const char* name, const H5L_info_t* link, void* target) -> herr_t {
      auto& into = *static_cast<std::vector<std::pair<std::string, bool>>*>(target);
      into.emplace_back(name, link->type == H5L_TYPE_HARD);
      return into.size() > max_objects ? 1 : 0;
    };
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &found) < 0)
      throw Hdf5Fault{with_hdf5_reason("cannot be listed; the file is damaged")};
    return found;
  }

  void read_attributes(Hdf5Object& object, hid_t id) {
    std::vector<std::string> names;
    auto collect = [](hid_t, const char* name, const H5A_info_t*, void* target) -> herr_t {
      auto& into = *static_cast<std::vector<std::string>*>(target);
      into.emplace_back(name);
      return into.size() > max_objects ? 1 : 0;
    };
    if (H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) < 0)
      throw Hdf5Fault{with_hdf5_reason("has damaged attributes")};
    for (const std::string& name : names) {
      Hdf5Attribute& attribute = object.attributes[name];
      try {
        attribute.strings = read_strings(id, name);
      } catch (const Hdf5Fault& fault) {
        attribute.fault = fault.what;
      }
    }
  }

  std::vector<std::string> read_strings(hid_t object, const std::string& name) const {
    const Hdf5Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
    if (!attribute) throw Hdf5Fault{with_hdf5_reason("cannot be opened; the file is damaged")};
    const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
    const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
    const hssize_t count = space ? H5Sget_simple_extent_npoints(space.id()) : -1;
    if (!type || count < 0) throw Hdf5Fault{"is damaged"};
    if (count == 0) return {};  // of any type
    if (H5Tget_class(type.id()) != H5T_STRING) throw Hdf5Fault{"is not text"};
    const htri_t variable = H5Tis_variable_str(type.id());
    const std::uint64_t size = H5Tget_size(type.id());
    // In the file a variable string takes 16 bytes and up, a fixed one its size: more cannot be there.
    if (variable < 0 || size == 0 || static_cast<std::uint64_t>(count) > file_bytes_ / (variable ? 16 : size))
      throw Hdf5Fault{"claims to be larger than the file; the file is damaged"};
    const auto elements = static_cast<std::size_t>(count);
    return variable ? read_variable(attribute.id(), type.id(), elements)
                    : read_fixed(attribute.id(), type.id(), elements);
  }

  std::uint64_t file_bytes_;
  Hdf5Handle file_;
  Hdf5Contents contents_;
  std::set<haddr_t> groups_;
};

}  // namespace

Hdf5Contents read_with_library(int descriptor, std::uint64_t file_bytes, Hdf5Extent extent) {
  silence_hdf5();
  try {
    return LibraryReader(descriptor, file_bytes).read(extent);
  } catch (const Hdf5Fault& fault) {
    return {fault.what, {}};
  }
}

}  // namespace petal
