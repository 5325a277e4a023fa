#include <algorithm>
#include <array>
#include <cstdint>

#include "io/hdf5/chunks.h"
#include "io/hdf5/handle.h"

namespace petal {

namespace {

// Deflate cannot shrink further than this (zlib's technical note); a chunk that claims more is damaged.
constexpr std::uint64_t max_deflate_ratio = 1032;

// IEEE 754 binary16: the library has no name for it. H5py describes numpy's float16 so.
Hdf5Handle half_type(hid_t like) {
  Hdf5Handle type(H5Tcopy(like), H5Tclose);
  H5Tset_fields(type.id(), 15, 10, 5, 0, 10);
  H5Tset_size(type.id(), 2);
  H5Tset_ebias(type.id(), 15);
  return type;
}

// "float32" for the types whose numbers mean what they say; "" for every other bit layout, which is refused.
std::string type_name(hid_t type) {
  struct Known {
    const char* name;
    hid_t little, big;
  };
  const std::array<Known, 10> known = {{{"float32", H5T_IEEE_F32LE, H5T_IEEE_F32BE},
                                        {"float64", H5T_IEEE_F64LE, H5T_IEEE_F64BE},
                                        {"int8", H5T_STD_I8LE, H5T_STD_I8BE},
                                        {"int16", H5T_STD_I16LE, H5T_STD_I16BE},
                                        {"int32", H5T_STD_I32LE, H5T_STD_I32BE},
                                        {"int64", H5T_STD_I64LE, H5T_STD_I64BE},
                                        {"uint8", H5T_STD_U8LE, H5T_STD_U8BE},
                                        {"uint16", H5T_STD_U16LE, H5T_STD_U16BE},
                                        {"uint32", H5T_STD_U32LE, H5T_STD_U32BE},
                                        {"uint64", H5T_STD_U64LE, H5T_STD_U64BE}}};
  for (const Known& candidate : known)
    if (H5Tequal(type, candidate.little) > 0 || H5Tequal(type, candidate.big) > 0) return candidate.name;
  for (hid_t like : {H5T_IEEE_F32LE, H5T_IEEE_F32BE})
    if (H5Tequal(type, half_type(like).id()) > 0) return "float16";
  return "";
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

}  // namespace

// One dataset while it is examined; every step throws where the file claims what it cannot hold.
class Hdf5DatasetReader {
 public:
  Hdf5DatasetReader(const Hdf5File::State& state, const std::string& object)
      : state_(state), name_(object), dataset_(state.require(object)) {
    if (H5Iget_type(dataset_.id()) != H5I_DATASET) state_.fail(name_, "is not a dataset");
    const Hdf5Handle type(H5Dget_type(dataset_.id()), H5Tclose);
    if (!type) state_.fail_call(name_, "has a damaged type");
    info_.type = type_name(type.id());
    if (info_.type.empty())
      state_.fail(name_, "holds no plain numbers (16, 32 or 64-bit floats, or integers)");
    read_shape();
    const auto elements = static_cast<std::uint64_t>(info_.shape.elements());
    const std::uint64_t size = H5Tget_size(type.id());
    if (elements > UINT64_MAX / 2 / size) too_large();
    check_storage(elements, size);
  }

  const Hdf5Dataset& info() const { return info_; }
  hid_t id() const { return dataset_.id(); }
  void require_whole() const {
    if (chunks_) chunks_->require_whole();
  }

 private:
  [[noreturn]] void too_large() const {
    state_.fail(name_, "claims to be " + info_.shape.to_string() + " " + info_.type +
                           ", more than the file holds; the file is damaged");
  }

  void read_shape() {
    const Hdf5Handle space(H5Dget_space(dataset_.id()), H5Sclose);
    const int rank = space ? H5Sget_simple_extent_ndims(space.id()) : -1;
    if (rank < 0 || H5Sget_simple_extent_type(space.id()) == H5S_NULL)
      state_.fail(name_, "has no shape; the file is damaged");
    if (rank > static_cast<int>(Shape::max_rank))
      state_.fail(name_, "has " + std::to_string(rank) + " dimensions; at most " +
                             std::to_string(Shape::max_rank) + " are known");
    std::array<hsize_t, Shape::max_rank> dims{};
    H5Sget_simple_extent_dims(space.id(), dims.data(), nullptr);
    std::vector<std::int64_t> sizes;
    std::uint64_t elements = 1;
    for (int axis = 0; axis < rank; ++axis) {
      const hsize_t size = dims[static_cast<std::size_t>(axis)];
      // No tensor has more elements than a gzipped file of this size could hold, whatever its type.
      if (size != 0 && elements > state_.bytes * max_deflate_ratio / size)
        state_.fail(name_, "claims more elements than the file holds; the file is damaged");
      elements *= size;
      sizes.push_back(static_cast<std::int64_t>(size));
    }
    info_.shape = Shape(std::span<const std::int64_t>(sizes));
  }

  void check_storage(std::uint64_t elements, std::size_t element_bytes) {
    const std::uint64_t data_bytes = elements * element_bytes;
    const Hdf5Handle creation(H5Dget_create_plist(dataset_.id()), H5Pclose);
    if (!creation) state_.fail_call(name_, "has damaged properties");
    const H5D_layout_t layout = H5Pget_layout(creation.id());
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
      state_.fail(name_, "is virtual: its numbers lie in other files, which is refused");
    if (H5Pget_external_count(creation.id()) != 0)
      state_.fail(name_, "keeps its numbers in other files, which is refused");
    if (data_bytes == 0) return;
    const std::uint64_t stored = H5Dget_storage_size(dataset_.id());
    if (stored == 0) state_.fail(name_, "has no numbers stored: it was never written");
    if (layout == H5D_CHUNKED) {
      chunks_.emplace(state_, name_, dataset_.id(), info_.shape, element_bytes);
      info_.pieces = chunks_->pieces();
      if (data_bytes / max_deflate_ratio > info_.stored_bytes()) too_large();
      return;
    }
    if (stored != data_bytes) too_large();
    if (layout == H5D_COMPACT) return;
    const std::uint64_t offset = H5Dget_offset(dataset_.id());
    if (offset > state_.bytes || data_bytes > state_.bytes - offset) too_large();
    info_.pieces.push_back({offset, data_bytes});
  }

  const Hdf5File::State& state_;
  std::string name_;
  Hdf5Handle dataset_;
  Hdf5Dataset info_;
  std::optional<Hdf5Chunks> chunks_;
};

std::uint64_t Hdf5Dataset::stored_bytes() const {
  std::uint64_t sum = 0;
  for (const Piece& piece : pieces) sum += piece.bytes;
  return sum;
}

Hdf5Dataset Hdf5File::dataset(const std::string& object) const {
  silence_hdf5();
  return Hdf5DatasetReader(*state_, object).info();
}

void Hdf5File::read(const std::string& object, std::span<float> values) const {
  silence_hdf5();
  const Hdf5DatasetReader reader(*state_, object);
  if (static_cast<std::int64_t>(values.size()) != reader.info().shape.elements())
    state_->fail(object, "is " + reader.info().shape.to_string() + "; expected " +
                             std::to_string(values.size()) + " elements");
  if (values.empty()) return;
  reader.require_whole();
  if (H5Dread(reader.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    state_->fail_call(object, "cannot be read; the file is damaged");
}

namespace {

Hdf5Handle make_parents() {
  Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.id(), 1);
  return links;
}

}  // namespace

void Hdf5File::create_group(const std::string& group) {
  silence_hdf5();
  const Hdf5Handle links = make_parents();
  const Hdf5Handle made(H5Gcreate2(state_->file.id(), group.c_str(), links.id(), H5P_DEFAULT, H5P_DEFAULT),
                        H5Gclose);
  if (!made) state_->fail_call(group, "cannot be created as a group", ErrorKind::failure);
}

void Hdf5File::write_dataset(const std::string& object, const Shape& shape, std::span<const float> values,
                             const Hdf5Storage& storage) {
  silence_hdf5();
  if (static_cast<std::int64_t>(values.size()) != shape.elements())
    state_->fail(object, std::to_string(values.size()) + " numbers were given for " + shape.to_string(),
                 ErrorKind::failure);
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
  if (!dataset) state_->fail_call(object, "cannot be created as a dataset", ErrorKind::failure);
  if (!values.empty() &&
      H5Dwrite(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    state_->fail_call(object, "cannot be written", ErrorKind::failure);
}

}  // namespace petal
