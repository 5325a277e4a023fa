#include <algorithm>
#include <array>
#include <optional>

#include "io/hdf5/library_reader.h"

namespace petal {

namespace {

// Deflate cannot shrink further than this (zlib's technical note); a chunk that claims more is damaged.
constexpr std::uint64_t max_deflate_ratio = 1032;
constexpr std::uint64_t max_chunks = 1 << 14;  // finding one takes the library a walk over all

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

// One dataset while it is examined; every step throws where the file claims what it cannot hold.
class Examiner {
 public:
  Examiner(hid_t dataset, std::uint64_t file_bytes)
      : dataset_(dataset),
        file_bytes_(file_bytes),
        type_(H5Dget_type(dataset), H5Tclose),
        space_(H5Dget_space(dataset), H5Sclose),
        creation_(H5Dget_create_plist(dataset), H5Pclose) {
    if (!type_) throw Hdf5Fault{with_hdf5_reason("has a damaged type")};
    if (!creation_) throw Hdf5Fault{with_hdf5_reason("has damaged properties")};
  }

  Hdf5Dataset examine() {
    info_.type = type_name(type_.id());
    if (info_.type.empty()) throw Hdf5Fault{"holds no plain numbers (16, 32 or 64-bit floats, or integers)"};
    info_.big_endian = H5Tget_order(type_.id()) == H5T_ORDER_BE;
    read_shape();
    const auto elements = static_cast<std::uint64_t>(info_.shape.elements());
    if (elements > UINT64_MAX / 2 / info_.element_bytes()) too_large();
    find_numbers(elements * info_.element_bytes());
    return std::move(info_);
  }

 private:
  using Corner = std::array<hsize_t, Shape::max_rank>;

  [[noreturn]] void too_large() const {
    throw Hdf5Fault{"claims to be " + info_.shape.to_string() + " " + info_.type +
                    ", more than the file holds; the file is damaged"};
  }

  void read_shape() {
    const int rank = space_ ? H5Sget_simple_extent_ndims(space_.id()) : -1;
    if (rank < 0 || H5Sget_simple_extent_type(space_.id()) == H5S_NULL)
      throw Hdf5Fault{"has no shape; the file is damaged"};
    if (rank > static_cast<int>(Shape::max_rank))
      throw Hdf5Fault{"has " + std::to_string(rank) + " dimensions; at most " +
                      std::to_string(Shape::max_rank) + " are known"};
    Corner dims{};
    H5Sget_simple_extent_dims(space_.id(), dims.data(), nullptr);
    std::vector<std::int64_t> sizes;
    std::uint64_t elements = 1;
    for (int axis = 0; axis < rank; ++axis) {
      const hsize_t size = dims[static_cast<std::size_t>(axis)];
      // No tensor has more elements than a gzipped file of this size could hold, whatever its type.
      if (size != 0 && elements > file_bytes_ * max_deflate_ratio / size)
        throw Hdf5Fault{"claims more elements than the file holds; the file is damaged"};
      elements *= size;
      sizes.push_back(static_cast<std::int64_t>(size));
    }
    info_.shape = Shape(std::span<const std::int64_t>(sizes));
  }

  void find_numbers(std::uint64_t data_bytes) {
    const H5D_layout_t layout = H5Pget_layout(creation_.id());
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
      throw Hdf5Fault{"is virtual: its numbers lie in other files, which is refused"};
    if (H5Pget_external_count(creation_.id()) != 0)
      throw Hdf5Fault{"keeps its numbers in other files, which is refused"};
    if (data_bytes == 0) return;
    const std::uint64_t stored = H5Dget_storage_size(dataset_);
    if (stored == 0) throw Hdf5Fault{"has no numbers stored: it was never written"};
    if (layout == H5D_CHUNKED) {
      find_chunks();
      if (data_bytes / max_deflate_ratio > info_.stored_bytes()) too_large();
      return;
    }
    if (stored != data_bytes) too_large();
    if (layout == H5D_COMPACT) {
      info_.header_bytes.resize(data_bytes);
      if (H5Dread(dataset_, type_.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, info_.header_bytes.data()) < 0)
        throw Hdf5Fault{with_hdf5_reason("cannot be read; the file is damaged")};
      return;
    }
    const std::uint64_t offset = H5Dget_offset(dataset_);
    if (offset > file_bytes_ || data_bytes > file_bytes_ - offset) too_large();
    info_.pieces.push_back({offset, data_bytes});
  }

  // The library gives zeros for a chunk that it does not find, and skips the filters, checksums too, that a
  // chunk's mask names: here all that is damage.
  void find_chunks() {
    read_filters();
    const std::uint64_t count = read_chunk_shape();
    for (std::uint64_t i = 0; i < count; ++i) find_chunk(corner(i));
  }

  void read_filters() {
    const int count = H5Pget_nfilters(creation_.id());
    if (count < 0) throw Hdf5Fault{with_hdf5_reason("has damaged filters")};
    for (int i = 0; i < count; ++i) {
      unsigned flags = 0, configuration = 0;
      std::array<unsigned, 1> values{};
      std::size_t value_count = values.size();
      const H5Z_filter_t id = H5Pget_filter2(creation_.id(), static_cast<unsigned>(i), &flags, &value_count,
                                             values.data(), 0, nullptr, &configuration);
      if (id != H5Z_FILTER_DEFLATE && id != H5Z_FILTER_SHUFFLE && id != H5Z_FILTER_FLETCHER32)
        throw Hdf5Fault{"is packed with HDF5 filter " + std::to_string(id) +
                        "; only gzip, shuffle and fletcher32 are read"};
      if (id == H5Z_FILTER_SHUFFLE && (value_count < 1 || values[0] != info_.element_bytes()))
        throw Hdf5Fault{"is shuffled by another size than its elements'; the file is damaged"};
      const Hdf5Filter filter = id == H5Z_FILTER_DEFLATE   ? Hdf5Filter::gzip
                                : id == H5Z_FILTER_SHUFFLE ? Hdf5Filter::shuffle
                                                           : Hdf5Filter::fletcher32;
      if (std::ranges::find(info_.filters, filter) != info_.filters.end())
        throw Hdf5Fault{"names a filter twice; the file is damaged"};
      info_.filters.push_back(filter);
    }
  }

  // The number of chunks.
  std::uint64_t read_chunk_shape() {
    Corner chunk{}, dims{}, max_dims{};
    if (H5Pget_chunk(creation_.id(), Shape::max_rank, chunk.data()) != static_cast<int>(info_.shape.rank()))
      throw Hdf5Fault{"has damaged chunks"};
    H5Sget_simple_extent_dims(space_.id(), dims.data(), max_dims.data());
    // Only a dataset that may grow has chunks beyond its border; even those are kept near its size.
    constexpr std::uint64_t slack = 1 << 20;
    const std::uint64_t most = static_cast<std::uint64_t>(info_.shape.elements()) + slack;
    std::uint64_t elements = 1, count = 1;
    for (std::size_t axis = 0; axis < info_.shape.rank(); ++axis) {
      if (chunk[axis] == 0 || chunk[axis] > max_dims[axis] || chunk[axis] > most / elements)
        throw Hdf5Fault{"has chunks larger than itself; the file is damaged"};
      elements *= chunk[axis];
      info_.chunk.push_back(chunk[axis]);
      count *= info_.chunks_along(axis);
      if (count > max_chunks)
        throw Hdf5Fault{"lies in more than " + std::to_string(max_chunks) + " chunks; write it in fewer"};
    }
    return count;
  }

  Corner corner(std::uint64_t index) const {
    Corner at{};
    for (std::size_t axis = info_.shape.rank(); axis-- > 0;) {
      at[axis] = index % info_.chunks_along(axis) * info_.chunk[axis];
      index /= info_.chunks_along(axis);
    }
    return at;
  }

  void find_chunk(const Corner& corner) {
    unsigned skipped = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0, found = 0;
    // The first question walks over all chunks, the second takes the way that the library's reading takes.
    if (H5Dget_chunk_info_by_coord(dataset_, corner.data(), &skipped, &address, &size) < 0)
      throw Hdf5Fault{with_hdf5_reason("has damaged chunks")};
    if (address == HADDR_UNDEF || size == 0) throw Hdf5Fault{"lacks a chunk; the file is damaged"};
    if (H5Dget_chunk_storage_size(dataset_, corner.data(), &found) < 0 || found != size)
      throw Hdf5Fault{with_hdf5_reason("has a chunk that cannot be found; the file is damaged")};
    if (skipped != 0) throw Hdf5Fault{"has a chunk that skips its filters; the file is damaged"};
    if (address > file_bytes_ || size > file_bytes_ - address)
      throw Hdf5Fault{"has a chunk beyond the file's end; the file is damaged"};
    info_.pieces.push_back({address, size});
  }

  hid_t dataset_;
  std::uint64_t file_bytes_;
  Hdf5Handle type_, space_, creation_;
  Hdf5Dataset info_;
};

}  // namespace

Hdf5Dataset examine_dataset(hid_t dataset, std::uint64_t file_bytes) {
  return Examiner(dataset, file_bytes).examine();
}

}  // namespace petal
