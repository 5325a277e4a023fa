#include <algorithm>
#include <array>
#include <cstdint>

#include "io/hdf5/handle.h"

namespace petal {

namespace {

// Deflate cannot shrink further than this (zlib's technical note); a chunk that claims more is damaged.
constexpr std::uint64_t max_deflate_ratio = 1032;
constexpr std::uint64_t max_chunks = 1 << 14;  // finding one chunk takes the library a walk over all
constexpr std::uint64_t chunk_slack = 1 << 20;

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
    check_storage(elements * size);
  }

  const Hdf5Dataset& info() const { return info_; }
  hid_t id() const { return dataset_.id(); }

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

  void check_storage(std::uint64_t data_bytes) {
    const Hdf5Handle creation(H5Dget_create_plist(dataset_.id()), H5Pclose);
    if (!creation) state_.fail_call(name_, "has damaged properties");
    const H5D_layout_t layout = H5Pget_layout(creation.id());
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
      state_.fail(name_, "is virtual: its numbers lie in other files, which is refused");
    if (H5Pget_external_count(creation.id()) != 0)
      state_.fail(name_, "keeps its numbers in other files, which is refused");
    check_filters(creation.id());
    if (data_bytes == 0) return;
    const std::uint64_t stored = H5Dget_storage_size(dataset_.id());
    if (stored == 0) state_.fail(name_, "has no numbers stored: it was never written");
    if (layout == H5D_CHUNKED) return find_chunks(creation.id(), data_bytes);
    if (stored != data_bytes) too_large();
    if (layout == H5D_CONTIGUOUS) add_piece(H5Dget_offset(dataset_.id()), data_bytes);
  }

  void add_piece(std::uint64_t offset, std::uint64_t size) {
    if (offset > state_.bytes || size > state_.bytes - offset) too_large();
    info_.pieces.push_back({offset, size});
  }

  void check_filters(hid_t creation) const {
    const int count = H5Pget_nfilters(creation);
    if (count < 0) state_.fail_call(name_, "has damaged filters");
    for (int i = 0; i < count; ++i) {
      unsigned flags = 0, configuration = 0;
      std::size_t values = 0;
      const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr,
                                                 0, nullptr, &configuration);
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
        state_.fail(name_, "is packed with HDF5 filter " + std::to_string(filter) +
                               "; only gzip, shuffle and fletcher32 are read");
    }
  }

  void find_chunks(hid_t creation, std::uint64_t data_bytes) {
    const std::size_t rank = info_.shape.rank();
    std::array<hsize_t, Shape::max_rank> chunk{};
    if (H5Pget_chunk(creation, Shape::max_rank, chunk.data()) != static_cast<int>(rank))
      state_.fail(name_, "has damaged chunks");
    std::uint64_t chunks = 1, chunk_elements = 1;
    const std::uint64_t most = data_bytes + chunk_slack;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (chunk[axis] == 0) state_.fail(name_, "has damaged chunks");
      if (chunk[axis] > most / chunk_elements) state_.fail(name_, "has chunks larger than itself");
      chunk_elements *= chunk[axis];
      chunks *= (static_cast<std::uint64_t>(info_.shape[axis]) + chunk[axis] - 1) / chunk[axis];
      if (chunks > max_chunks)
        state_.fail(name_, "lies in more than " + std::to_string(max_chunks) + " chunks");
    }
    for (std::uint64_t i = 0; i < chunks; ++i) find_chunk(i, chunk);
    if (data_bytes / max_deflate_ratio > info_.stored_bytes()) too_large();
  }

  // The library gives zeros for a chunk that it does not find, and skips the filters, checksums too, that a
  // mask names: here both are damage. The first question walks over all chunks, the second takes the way that
  // reading takes.
  void find_chunk(std::uint64_t index, const std::array<hsize_t, Shape::max_rank>& chunk) {
    std::array<hsize_t, Shape::max_rank> corner{};
    for (std::size_t axis = info_.shape.rank(); axis-- > 0;) {
      const auto size = static_cast<std::uint64_t>(info_.shape[axis]);
      const std::uint64_t along = (size + chunk[axis] - 1) / chunk[axis];
      corner[axis] = index % along * chunk[axis];
      index /= along;
    }
    unsigned skipped = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0;
    if (H5Dget_chunk_info_by_coord(dataset_.id(), corner.data(), &skipped, &address, &size) < 0)
      state_.fail_call(name_, "has damaged chunks");
    hsize_t found = 0;
    if (H5Dget_chunk_storage_size(dataset_.id(), corner.data(), &found) < 0)
      state_.fail_call(name_, "has damaged chunks");
    if (address == HADDR_UNDEF || size == 0 || found != size)
      state_.fail(name_, "lacks a chunk; the file is damaged");
    if (skipped != 0) state_.fail(name_, "has a chunk that skips its filters; the file is damaged");
    add_piece(address, size);
  }

  const Hdf5File::State& state_;
  std::string name_;
  Hdf5Handle dataset_;
  Hdf5Dataset info_;
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
