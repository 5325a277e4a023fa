#include "io/hdf5/values.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace petal {

namespace {

constexpr const char* wrong_size = "has a chunk that does not unpack to its size; the file is damaged";
constexpr const char* unreadable = "cannot be read; the file is damaged";

// What `read_values` returns, on its way out.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void read_at(int descriptor, std::uint64_t offset, std::span<char> into) {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t count =
        ::pread(descriptor, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw Fault(unreadable);
    done += static_cast<std::size_t>(count);
  }
}

// IEEE 754 binary16. Every value of it is one of float's.
float half_to_float(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float magnitude = 0;
  if (exponent == 31)
    magnitude =
        fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  else if (exponent == 0)
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  else
    magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return bits >> 15 != 0 ? -magnitude : magnitude;
}

// Beyond float's range: infinite, as in the library.
float to_float(std::floating_point auto value) {
  if (std::abs(value) > std::numeric_limits<float>::max())
    return std::copysign(INFINITY, static_cast<float>(value > 0 ? 1 : -1));
  return static_cast<float>(value);
}
float to_float(std::integral auto value) {
  return static_cast<float>(value);
}

struct Half {
  std::uint16_t bits;
};
float to_float(Half value) {
  return half_to_float(value.bits);
}

using Convert = void (*)(const char* from, std::span<float> to, bool swap);

template <class T>
void convert(const char* from, std::span<float> to, bool swap) {
  if (std::same_as<T, float> && !swap) {
    std::memcpy(to.data(), from, to.size_bytes());
    return;
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), from + i * sizeof(T), sizeof(T));
    if (swap) std::ranges::reverse(bytes);
    to[i] = to_float(std::bit_cast<T>(bytes));
  }
}

Convert conversion(const std::string& type) {
  struct Known {
    std::string_view type;
    Convert convert;
  };
  static constexpr std::array<Known, 11> known = {{{"float32", convert<float>},
                                                   {"float64", convert<double>},
                                                   {"float16", convert<Half>},
                                                   {"int8", convert<std::int8_t>},
                                                   {"int16", convert<std::int16_t>},
                                                   {"int32", convert<std::int32_t>},
                                                   {"int64", convert<std::int64_t>},
                                                   {"uint8", convert<std::uint8_t>},
                                                   {"uint16", convert<std::uint16_t>},
                                                   {"uint32", convert<std::uint32_t>},
                                                   {"uint64", convert<std::uint64_t>}}};
  for (const Known& one : known)
    if (one.type == type) return one.convert;
  throw Fault("holds no plain numbers");
}

// HDF5's checksum: over 16-bit words, each with its first byte as the higher one; sums are modulo 65535,
// which itself stands for 0 once anything was added (H5_checksum_fletcher32).
std::uint32_t fletcher32(std::string_view bytes) {
  std::uint32_t sum1 = 0, sum2 = 0;
  const auto fold = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  const auto byte = [&](std::size_t at) {
    return at < bytes.size() ? std::uint32_t{static_cast<unsigned char>(bytes[at])} : 0;
  };
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    sum1 = fold(sum1 + (byte(at) << 8 | byte(at + 1)));
    sum2 = fold(sum2 + sum1);
  }
  return sum2 << 16 | sum1;
}

std::string without_checksum(std::string bytes) {
  std::uint32_t stored = 0;
  if (bytes.size() <= sizeof(stored)) throw Fault(wrong_size);
  std::memcpy(&stored, bytes.data() + bytes.size() - sizeof(stored), sizeof(stored));
  bytes.resize(bytes.size() - sizeof(stored));
  if (fletcher32(bytes) != stored) throw Fault("has a chunk whose checksum is wrong; the file is damaged");
  return bytes;
}

// At most `limit` bytes.
std::string inflated(const std::string& packed, std::size_t limit) {
  std::string bytes(limit, '\0');
  uLongf size = bytes.size();
  const int status = ::uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size,
                                  reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (status == Z_BUF_ERROR) throw Fault(wrong_size);  // there is more in it, or it is cut
  if (status != Z_OK) throw Fault("has a chunk that does not unpack; the file is damaged");
  bytes.resize(size);
  return bytes;
}

// First all elements' first bytes, then all second ones; what is left over stays at the end.
std::string unshuffled(const std::string& bytes, std::size_t element_bytes) {
  const std::size_t elements = bytes.size() / element_bytes;
  std::string back = bytes;
  for (std::size_t at = 0; at < element_bytes; ++at)
    for (std::size_t i = 0; i < elements; ++i) back[i * element_bytes + at] = bytes[at * elements + i];
  return back;
}

class ValueReader {
 public:
  ValueReader(int descriptor, const Hdf5Dataset& dataset, std::span<float> values)
      : descriptor_(descriptor),
        dataset_(dataset),
        values_(values),
        element_bytes_(dataset.element_bytes()),
        convert_(conversion(dataset.type)),
        swap_(dataset.big_endian != (std::endian::native == std::endian::big)) {}

  void read() {
    if (values_.empty()) return;
    if (!dataset_.chunk.empty()) return read_chunks();
    const std::uint64_t bytes = values_.size() * element_bytes_;
    if (!dataset_.header_bytes.empty()) {
      if (dataset_.header_bytes.size() != bytes) throw Fault(unreadable);
      convert_(dataset_.header_bytes.data(), values_, swap_);
      return;
    }
    if (dataset_.pieces.size() != 1 || dataset_.pieces[0].bytes != bytes) throw Fault(unreadable);
    read_plain(dataset_.pieces[0].offset);
  }

 private:
  // In blocks, so that other types than float take little memory more.
  void read_plain(std::uint64_t offset) {
    if (convert_ == convert<float> && !swap_)
      return read_at(descriptor_, offset, {reinterpret_cast<char*>(values_.data()), values_.size_bytes()});
    constexpr std::size_t block = 1 << 16;
    std::string bytes;
    for (std::size_t done = 0; done < values_.size();) {
      const std::span<float> to = values_.subspan(done, std::min(block, values_.size() - done));
      bytes.resize(to.size() * element_bytes_);
      read_at(descriptor_, offset + done * element_bytes_, bytes);
      convert_(bytes.data(), to, swap_);
      done += to.size();
    }
  }

  void read_chunks() {
    const std::size_t rank = dataset_.shape.rank();
    std::uint64_t count = 1, chunk_bytes = element_bytes_;
    if (dataset_.chunk.size() != rank) throw Fault(unreadable);
    // No chunk is far larger than what it is a part of.
    const std::uint64_t most = (values_.size() + (std::uint64_t{1} << 24)) * element_bytes_;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (dataset_.chunk[axis] == 0 || dataset_.chunk[axis] > most / chunk_bytes) throw Fault(unreadable);
      chunk_bytes *= dataset_.chunk[axis];
      count *= dataset_.chunks_along(axis);
      if (count > dataset_.pieces.size()) throw Fault(unreadable);
    }
    for (std::uint64_t i = 0; i < count; ++i) place(i, unpacked(dataset_.pieces[i], chunk_bytes));
  }

  std::string unpacked(const Hdf5Dataset::Piece& piece, std::uint64_t chunk_bytes) const {
    constexpr std::uint64_t slack = 1 << 16;  // deflate makes noise larger by less than a thousandth
    if (piece.bytes > chunk_bytes + chunk_bytes / 512 + slack) throw Fault(wrong_size);
    std::string bytes(piece.bytes, '\0');
    read_at(descriptor_, piece.offset, bytes);
    for (auto filter = dataset_.filters.rbegin(); filter != dataset_.filters.rend(); ++filter) {
      if (*filter == Hdf5Filter::fletcher32) bytes = without_checksum(std::move(bytes));
      // A checksum may have been added before the packing.
      if (*filter == Hdf5Filter::gzip) bytes = inflated(bytes, chunk_bytes + sizeof(std::uint32_t));
      if (*filter == Hdf5Filter::shuffle) bytes = unshuffled(bytes, element_bytes_);
    }
    if (bytes.size() != chunk_bytes) throw Fault(wrong_size);
    return bytes;
  }

  // Puts a chunk's rows where they belong; what lies beyond the dataset's border is filling.
  void place(std::uint64_t index, const std::string& bytes) {
    const std::size_t rank = dataset_.shape.rank(), last = rank - 1;
    std::array<std::uint64_t, Shape::max_rank> corner{}, at{};
    for (std::size_t axis = rank; axis-- > 0;) {
      corner[axis] = index % dataset_.chunks_along(axis) * dataset_.chunk[axis];
      index /= dataset_.chunks_along(axis);
    }
    const auto size = [&](std::size_t axis) { return static_cast<std::uint64_t>(dataset_.shape[axis]); };
    const std::uint64_t length = std::min(dataset_.chunk[last], size(last) - corner[last]);
    const std::uint64_t rows = bytes.size() / element_bytes_ / dataset_.chunk[last];
    for (std::uint64_t row = 0; row < rows; ++row) {
      std::uint64_t left = row, target = 0;
      bool inside = true;
      for (std::size_t axis = last; axis-- > 0;) {
        at[axis] = corner[axis] + left % dataset_.chunk[axis];
        left /= dataset_.chunk[axis];
        inside = inside && at[axis] < size(axis);
      }
      if (!inside) continue;
      at[last] = corner[last];
      for (std::size_t axis = 0; axis < rank; ++axis) target = target * size(axis) + at[axis];
      convert_(bytes.data() + row * dataset_.chunk[last] * element_bytes_, values_.subspan(target, length),
               swap_);
    }
  }

  int descriptor_;
  const Hdf5Dataset& dataset_;
  std::span<float> values_;
  std::uint64_t element_bytes_;
  Convert convert_;
  bool swap_;
};

}  // namespace

std::string read_values(int descriptor, const Hdf5Dataset& dataset, std::span<float> values) {
  try {
    ValueReader(descriptor, dataset, values).read();
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "";
}

}  // namespace petal
