#pragma once

#include <array>
#include <string>
#include <vector>

#include "io/hdf5/handle.h"

namespace petal {

// The chunks of one dataset. The library (1.10.8) gives zeros for a chunk that it does not find, skips the
// filters, checksums too, that a chunk's mask names, and trusts a filter to give a whole chunk: here all that
// is damage.
class Hdf5Chunks {
 public:
  // Throws Error where chunks are missing, larger than the dataset, or packed by other filters than gzip,
  // shuffle and fletcher32.
  Hdf5Chunks(const Hdf5File::State& state, std::string object, hid_t dataset, const Shape& shape,
             std::size_t element_bytes);

  const std::vector<Hdf5Dataset::Piece>& pieces() const { return pieces_; }
  // Throws Error where a chunk does not unpack to exactly its size. To be asked before the library unpacks.
  void require_whole() const;

 private:
  using Corner = std::array<hsize_t, Shape::max_rank>;
  void read_filters(hid_t creation);
  void read_chunk_shape(hid_t creation);
  void find(const Corner& corner);
  Corner corner(std::uint64_t index) const;
  std::uint64_t along(std::size_t axis) const;  // chunks in that direction
  // The bytes that `packed` unpacks to; more than a chunk's counts as any number above.
  std::uint64_t unpacked_size(const std::vector<unsigned char>& packed) const;

  const Hdf5File::State& state_;
  std::string object_;
  hid_t dataset_;
  Shape shape_;
  std::size_t element_bytes_;
  std::vector<H5Z_filter_t> filters_;  // in order of packing
  Corner chunk_{};
  std::uint64_t count_ = 1, chunk_bytes_ = 0;
  std::vector<Hdf5Dataset::Piece> pieces_;
};

}  // namespace petal
