#include "io/hdf5/chunks.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace petal {

namespace {

constexpr std::uint64_t max_chunks = 1 << 14;  // finding one takes the library a walk over all
constexpr std::uint64_t checksum_bytes = 4;    // that fletcher32 appends

// The bytes that a zlib stream inflates to, at most `limit` + 1; 0 where it is damaged or cut.
std::uint64_t inflated_size(const unsigned char* packed, std::uint64_t size, std::uint64_t limit) {
  z_stream stream{};
  if (size > std::numeric_limits<uInt>::max() || inflateInit(&stream) != Z_OK) return 0;
  std::vector<unsigned char> scratch(1 << 16);
  stream.next_in = const_cast<unsigned char*>(packed);
  stream.avail_in = static_cast<uInt>(size);
  int status = Z_OK;
  while (status == Z_OK && stream.total_out <= limit) {
    stream.next_out = scratch.data();
    stream.avail_out = static_cast<uInt>(scratch.size());
    status = inflate(&stream, Z_NO_FLUSH);
  }
  const std::uint64_t total = std::min<std::uint64_t>(stream.total_out, limit + 1);
  inflateEnd(&stream);
  return status == Z_STREAM_END || total > limit ? total : 0;
}

}  // namespace

Hdf5Chunks::Hdf5Chunks(const Hdf5File::State& state, std::string object, hid_t dataset, const Shape& shape,
                       std::size_t element_bytes)
    : state_(state),
      object_(std::move(object)),
      dataset_(dataset),
      shape_(shape),
      element_bytes_(element_bytes) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset_), H5Pclose);
  if (!creation) state_.fail_call(object_, "has damaged properties");
  read_filters(creation.id());
  read_chunk_shape(creation.id());
  for (std::uint64_t i = 0; i < count_; ++i) find(corner(i));
}

void Hdf5Chunks::read_filters(hid_t creation) {
  const int count = H5Pget_nfilters(creation);
  if (count < 0) state_.fail_call(object_, "has damaged filters");
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0, configuration = 0;
    std::array<unsigned, 1> values{};
    std::size_t value_count = values.size();
    const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &value_count,
                                               values.data(), 0, nullptr, &configuration);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      state_.fail(object_, "is packed with HDF5 filter " + std::to_string(filter) +
                               "; only gzip, shuffle and fletcher32 are read");
    if (filter == H5Z_FILTER_SHUFFLE && (value_count < 1 || values[0] != element_bytes_))
      state_.fail(object_, "is shuffled by another size than its elements'; the file is damaged");
    if (std::ranges::find(filters_, filter) != filters_.end())
      state_.fail(object_, "names a filter twice; the file is damaged");
    filters_.push_back(filter);
  }
}

void Hdf5Chunks::read_chunk_shape(hid_t creation) {
  if (H5Pget_chunk(creation, Shape::max_rank, chunk_.data()) != static_cast<int>(shape_.rank()))
    state_.fail(object_, "has damaged chunks");
  Corner dims{}, max_dims{};
  const Hdf5Handle space(H5Dget_space(dataset_), H5Sclose);
  H5Sget_simple_extent_dims(space.id(), dims.data(), max_dims.data());
  // Only a dataset that may grow has chunks beyond its border; even those are kept near its size.
  constexpr std::uint64_t slack = 1 << 20;
  const std::uint64_t most = static_cast<std::uint64_t>(shape_.elements()) + slack;
  std::uint64_t elements = 1;
  for (std::size_t axis = 0; axis < shape_.rank(); ++axis) {
    if (chunk_[axis] == 0 || chunk_[axis] > max_dims[axis] || chunk_[axis] > most / elements)
      state_.fail(object_, "has chunks larger than itself; the file is damaged");
    elements *= chunk_[axis];
    count_ *= along(axis);
    if (count_ > max_chunks)
      state_.fail(object_, "lies in more than " + std::to_string(max_chunks) + " chunks; write it in fewer");
  }
  chunk_bytes_ = elements * element_bytes_;
}

std::uint64_t Hdf5Chunks::along(std::size_t axis) const {
  return (static_cast<std::uint64_t>(shape_[axis]) + chunk_[axis] - 1) / chunk_[axis];
}

Hdf5Chunks::Corner Hdf5Chunks::corner(std::uint64_t index) const {
  Corner at{};
  for (std::size_t axis = shape_.rank(); axis-- > 0;) {
    at[axis] = index % along(axis) * chunk_[axis];
    index /= along(axis);
  }
  return at;
}

void Hdf5Chunks::find(const Corner& corner) {
  unsigned skipped = 0;
  haddr_t address = HADDR_UNDEF;
  hsize_t size = 0, found = 0;
  // The first question walks over all chunks, the second takes the way that reading takes.
  if (H5Dget_chunk_info_by_coord(dataset_, corner.data(), &skipped, &address, &size) < 0)
    state_.fail_call(object_, "has damaged chunks");
  if (address == HADDR_UNDEF || size == 0) state_.fail(object_, "lacks a chunk; the file is damaged");
  if (H5Dget_chunk_storage_size(dataset_, corner.data(), &found) < 0 || found != size)
    state_.fail_call(object_, "has a chunk that cannot be found; the file is damaged");
  if (skipped != 0) state_.fail(object_, "has a chunk that skips its filters; the file is damaged");
  if (address > state_.bytes || size > state_.bytes - address)
    state_.fail(object_, "has a chunk beyond the file's end; the file is damaged");
  pieces_.push_back({address, size});
}

void Hdf5Chunks::require_whole() const {
  for (std::uint64_t i = 0; i < count_; ++i) {
    std::vector<unsigned char> packed(pieces_[i].bytes);
    std::uint32_t skipped = 0;
    if (H5Dread_chunk(dataset_, H5P_DEFAULT, corner(i).data(), &skipped, packed.data()) < 0)
      state_.fail_call(object_, "has a chunk that cannot be read; the file is damaged");
    if (skipped != 0 || unpacked_size(packed) != chunk_bytes_)
      state_.fail(object_, "has a chunk that does not unpack to its size; the file is damaged");
  }
}

std::uint64_t Hdf5Chunks::unpacked_size(const std::vector<unsigned char>& packed) const {
  std::uint64_t size = packed.size();
  for (auto filter = filters_.rbegin(); filter != filters_.rend(); ++filter) {
    if (*filter == H5Z_FILTER_FLETCHER32) {
      if (size <= checksum_bytes) return 0;
      size -= checksum_bytes;
    } else if (*filter == H5Z_FILTER_DEFLATE) {
      size = inflated_size(packed.data(), size, chunk_bytes_ + checksum_bytes);
    }
  }
  return size;
}

}  // namespace petal
