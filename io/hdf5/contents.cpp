#include "io/hdf5/contents.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace petal {
namespace {

constexpr std::uint64_t mark = 0x3150'6c61'7465'5031;  // any number that other bytes hardly start with

class Writer {
 public:
  void number(std::uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void text(const std::string& value) {
    number(value.size());
    bytes_ += value;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Every value is checked against what is left; after the first that does not fit all are empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (left_.size() < sizeof(value)) return fail();
    std::memcpy(&value, left_.data(), sizeof(value));
    left_.remove_prefix(sizeof(value));
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > left_.size()) return fail(), "";
    std::string value(left_.substr(0, size));
    left_.remove_prefix(size);
    return value;
  }
  // How many elements follow, each of eight bytes at least.
  std::uint64_t count() {
    const std::uint64_t value = number();
    return value <= left_.size() / sizeof(value) ? value : fail();
  }
  std::uint64_t below(std::uint64_t end) {
    const std::uint64_t value = number();
    return value < end ? value : fail();
  }
  std::uint64_t fail() {
    sound_ = false;
    left_ = {};
    return 0;
  }
  bool is_sound() const { return sound_; }
  bool is_at_end() const { return sound_ && left_.empty(); }

 private:
  std::string_view left_;
  bool sound_ = true;
};

void write(Writer& out, const Hdf5Dataset& dataset) {
  out.number(dataset.shape.rank());
  for (const std::int64_t size : dataset.shape.dims()) out.number(static_cast<std::uint64_t>(size));
  out.text(dataset.type);
  out.number(dataset.big_endian);
  out.number(dataset.pieces.size());
  for (const auto& [offset, bytes] : dataset.pieces) {
    out.number(offset);
    out.number(bytes);
  }
  out.number(dataset.chunk.size());
  for (const std::uint64_t size : dataset.chunk) out.number(size);
  out.number(dataset.filters.size());
  for (const Hdf5Filter filter : dataset.filters) out.number(static_cast<std::uint64_t>(filter));
  out.text(dataset.header_bytes);
}

Hdf5Dataset read_dataset(Reader& in) {
  constexpr std::uint64_t most_elements = std::uint64_t{1} << 56;
  Hdf5Dataset dataset;
  std::array<std::int64_t, Shape::max_rank> dims{};
  const std::uint64_t rank = in.below(Shape::max_rank + 1);
  std::uint64_t elements = 1;
  for (std::uint64_t axis = 0; axis < rank; ++axis) {
    const std::uint64_t size = in.below(most_elements / elements);
    dims[axis] = static_cast<std::int64_t>(size);
    elements *= std::max<std::uint64_t>(size, 1);
  }
  dataset.shape = Shape(std::span<const std::int64_t>(dims.data(), rank));
  dataset.type = in.text();
  dataset.big_endian = in.below(2) == 1;
  for (std::uint64_t left = in.count(); left > 0 && in.is_sound(); --left) {
    const std::uint64_t offset = in.number();
    dataset.pieces.push_back({offset, in.number()});
  }
  for (std::uint64_t left = in.count(); left > 0 && in.is_sound(); --left)
    dataset.chunk.push_back(in.number());
  for (std::uint64_t left = in.count(); left > 0 && in.is_sound(); --left)
    dataset.filters.push_back(static_cast<Hdf5Filter>(in.below(3)));
  dataset.header_bytes = in.text();
  return dataset;
}

void write(Writer& out, const Hdf5Object& object) {
  out.number(static_cast<std::uint64_t>(object.kind));
  out.text(object.fault);
  out.number(object.attributes.size());
  for (const auto& [name, attribute] : object.attributes) {
    out.text(name);
    out.text(attribute.fault);
    out.number(attribute.strings.size());
    for (const std::string& value : attribute.strings) out.text(value);
  }
  if (object.kind == Hdf5Object::Kind::dataset) write(out, object.dataset);
}

Hdf5Object read_object(Reader& in) {
  Hdf5Object object;
  object.kind = static_cast<Hdf5Object::Kind>(in.below(4));
  object.fault = in.text();
  for (std::uint64_t left = in.count(); left > 0 && in.is_sound(); --left) {
    Hdf5Attribute& attribute = object.attributes[in.text()];
    attribute.fault = in.text();
    for (std::uint64_t strings = in.count(); strings > 0 && in.is_sound(); --strings)
      attribute.strings.push_back(in.text());
  }
  if (object.kind == Hdf5Object::Kind::dataset) object.dataset = read_dataset(in);
  return object;
}

}  // namespace

std::uint64_t Hdf5Dataset::element_bytes() const {
  const std::size_t digits = type.find_first_of("0123456789");
  std::uint64_t bits = 0;
  if (digits != std::string::npos) std::from_chars(type.data() + digits, type.data() + type.size(), bits);
  return bits / 8;
}

std::uint64_t Hdf5Dataset::stored_bytes() const {
  std::uint64_t sum = 0;
  for (const Piece& piece : pieces) sum += piece.bytes;
  return sum;
}

std::string Hdf5Contents::to_bytes() const {
  Writer out;
  out.number(mark);
  out.text(fault);
  out.number(objects.size());
  for (const auto& [path, object] : objects) {
    out.text(path);
    write(out, object);
  }
  return out.take();
}

std::optional<Hdf5Contents> Hdf5Contents::from_bytes(std::string_view bytes) {
  Reader in(bytes);
  if (in.number() != mark) return std::nullopt;
  Hdf5Contents contents;
  contents.fault = in.text();
  for (std::uint64_t left = in.count(); left > 0 && in.is_sound(); --left) {
    std::string path = in.text();
    contents.objects[std::move(path)] = read_object(in);
  }
  if (!in.is_at_end()) return std::nullopt;
  return contents;
}

}  // namespace petal
