#include "io/checkpoint.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <cstring>
#include <vector>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/checkpoint_stream.h"
#include "io/keras_config.h"

namespace petal {
namespace {

using checkpoint::Reader;
using checkpoint::Writer;

constexpr std::array<char, 8> magic = {'P', 'E', 'T', 'A', 'L', 'C', 'K', 'P'};
constexpr std::uint32_t layout_version = 1;

void write_value(Writer& out, const std::string& value) {
  out.text(value);
}
void write_value(Writer& out, std::uint64_t value) {
  out.number(value);
}
void write_value(Writer& out, double value) {
  out.number(value);
}
void write_value(Writer& out, const std::shared_ptr<const Tensor>& tensor) {
  out.number(static_cast<std::uint8_t>(tensor->type()));
  out.number(static_cast<std::uint8_t>(tensor->shape().rank()));
  for (const std::int64_t dim : tensor->shape().dims()) out.number(dim);
  out.bytes(tensor->bytes(), tensor->size_bytes());
}

template <class Value>
void write_table(Writer& out, const std::map<std::string, Value>& table) {
  out.number(static_cast<std::uint64_t>(table.size()));
  for (const auto& [name, value] : table) {
    out.text(name);
    write_value(out, value);
  }
}

void read_value(Reader& in, std::string& value) {
  value = in.text();
}
void read_value(Reader& in, std::uint64_t& value) {
  value = in.number<std::uint64_t>();
}
void read_value(Reader& in, double& value) {
  value = in.number<double>();
}
void read_value(Reader& in, std::shared_ptr<const Tensor>& value) {
  const auto type = in.number<std::uint8_t>(), rank = in.number<std::uint8_t>();
  if (type > static_cast<std::uint8_t>(DataType::s32) || rank > Shape::max_rank) in.damaged();
  const auto data_type = static_cast<DataType>(type);
  std::vector<std::int64_t> dims;
  std::uintmax_t bytes = size_of(data_type);
  for (int i = 0; i < rank; ++i) {
    const auto dim = in.number<std::int64_t>();
    if (dim < 0 || (dim > 0 && bytes > in.remaining() / static_cast<std::uintmax_t>(dim))) in.damaged();
    bytes *= static_cast<std::uintmax_t>(dim);
    dims.push_back(dim);
  }
  in.require(bytes);
  Tensor tensor(Shape(dims), data_type);
  in.bytes(tensor.bytes(), tensor.size_bytes());
  value = std::make_shared<const Tensor>(std::move(tensor));
}

template <class Value>
void read_table(Reader& in, std::map<std::string, Value>& table) {
  const auto count = in.number<std::uint64_t>();
  in.require(count);  // an entry takes more than a byte
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string name = in.text();
    if (!table.empty() && name <= table.rbegin()->first) in.damaged();
    read_value(in, table[std::move(name)]);
  }
}

template <class Value>
const Value& find(const std::map<std::string, Value>& table, const char* kind, const std::string& name) {
  const auto found = table.find(name);
  if (found == table.end()) throw Error("checkpoint", fmt::format("it lacks the {} '{}'", kind, name));
  return found->second;
}

// Long values, of which a message shows no more.
std::string shown(const std::string& value) {
  return value.size() > 80 ? value.substr(0, 77) + "..." : value;
}

}  // namespace

const std::string& Checkpoint::text(const std::string& name) const {
  return find(texts, "text", name);
}
std::uint64_t Checkpoint::integer(const std::string& name) const {
  return find(integers, "integer", name);
}
double Checkpoint::number(const std::string& name) const {
  return find(numbers, "number", name);
}
const Tensor& Checkpoint::tensor(const std::string& name) const {
  return *find(tensors, "tensor", name);
}

void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint) {
  write_atomically(file, [&](const std::filesystem::path& part) {
    Writer out(part);
    out.bytes(magic.data(), magic.size());
    out.number(layout_version);
    write_table(out, checkpoint.identity);
    write_table(out, checkpoint.texts);
    write_table(out, checkpoint.integers);
    write_table(out, checkpoint.numbers);
    write_table(out, checkpoint.tensors);
    out.number(out.checksum());
    out.close();
  });
}

Checkpoint read_checkpoint(const std::filesystem::path& file) {
  Reader in(file);
  std::array<char, magic.size()> begin{};
  if (in.remaining() >= magic.size()) in.bytes(begin.data(), begin.size());
  if (begin != magic) throw Error(file.string(), "is not a checkpoint of Petal");
  const auto version = in.number<std::uint32_t>();
  if (version != layout_version) {
    throw Error(file.string(), fmt::format("is of layout version {}; this Petal reads {}: resume with the "
                                           "Petal that wrote it",
                                           version, layout_version));
  }
  Checkpoint checkpoint;
  read_table(in, checkpoint.identity);
  read_table(in, checkpoint.texts);
  read_table(in, checkpoint.integers);
  read_table(in, checkpoint.numbers);
  read_table(in, checkpoint.tensors);
  const std::uint64_t expected = in.checksum();
  if (in.number<std::uint64_t>() != expected || in.remaining() != 0) in.damaged();
  return checkpoint;
}

void require_identity(const std::filesystem::path& file, const Checkpoint& checkpoint,
                      const std::map<std::string, std::string>& expected) {
  std::map<std::string, std::string> all = checkpoint.identity;
  all.insert(expected.begin(), expected.end());
  const auto value = [](const std::map<std::string, std::string>& identity, const std::string& name) {
    const auto found = identity.find(name);
    return found == identity.end() ? std::string("not stated") : "'" + shown(found->second) + "'";
  };
  std::string differences;
  for (const auto& [name, ignored] : all) {
    const std::string there = value(checkpoint.identity, name), here = value(expected, name);
    if (checkpoint.identity.contains(name) && expected.contains(name) &&
        checkpoint.identity.at(name) == expected.at(name)) {
      continue;
    }
    differences +=
        fmt::format("{}{} is {}, here it is {}", differences.empty() ? "" : "; ", name, there, here);
  }
  if (differences.empty()) return;
  throw Error(file.string(),
              "is of another model: " + differences + "; resume with the options that began it");
}

std::string graph_fingerprint(const Graph& graph) {
  const std::string config = to_keras_config(graph);
  return fmt::format("{:016x}", XXH3_64bits(config.data(), config.size()));
}

void add_weights(Checkpoint& checkpoint, const std::string& prefix, const Weights& weights) {
  for (const auto& [name, entry] : weights.entries()) checkpoint.tensors[prefix + "/" + name] = entry.tensor;
}

Weights weights_of(const Checkpoint& checkpoint, const std::string& prefix, const Graph& graph) {
  Weights weights;
  for (const Node& node : graph.nodes()) {
    for (const WeightDeclaration& declaration : graph.weights(node)) {
      const std::string name = prefix + "/" + declaration.name;
      const Tensor& tensor = checkpoint.tensor(name);
      if (tensor.description() != TensorDescription{DataType::f32, declaration.shape}) {
        throw Error("checkpoint", fmt::format("its tensor '{}' is {} of {}; the network's is {} of float32",
                                              name, tensor.shape().to_string(), to_string(tensor.type()),
                                              declaration.shape.to_string()));
      }
      weights.set(declaration.name, tensor, declaration.role);
    }
  }
  return weights;
}

}  // namespace petal
