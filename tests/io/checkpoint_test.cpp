#include "io/checkpoint.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <limits>

#include "engine/error.h"
#include "tests/io/tiny_network.h"
#include "tests/temporary_folder.h"

namespace petal::testing {
namespace {

namespace fs = std::filesystem;

// Numbers that a format may lose: both zeros, the smallest, infinities, NaNs of two payloads.
Tensor special_tensor() {
  const std::uint32_t patterns[] = {0x00000000, 0x80000000, 0x00000001, 0x7f800000,
                                    0xff800000, 0x7fc00001, 0xffa54321, 0x3f800001};
  Tensor tensor(Shape{2, 4});
  std::memcpy(tensor.bytes(), patterns, sizeof patterns);
  return tensor;
}

Checkpoint sample_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.identity = {{"network", "0123456789abcdef"}, {"optimizer", "sgd,momentum=0.9,nesterov=false"}};
  checkpoint.texts = {
      {"history", "epoch,loss\n1,0.5\n"}, {"empty", ""}, {"bytes", std::string("a\0\xff", 3)}};
  checkpoint.integers = {{"seed", 0xfedcba9876543210u}, {"step", 41}, {"batch", 0}};
  checkpoint.numbers = {
      {"loss", 0.1}, {"minus zero", -0.0}, {"best", std::numeric_limits<double>::infinity()}};
  checkpoint.tensors["weights/a/kernel"] = std::make_shared<Tensor>(special_tensor());
  checkpoint.tensors["none"] = std::make_shared<Tensor>(Shape{3, 0, 2});
  checkpoint.tensors["scalar"] = std::make_shared<Tensor>(Shape{}, DataType::f64);
  checkpoint.tensors["labels"] = std::make_shared<Tensor>(Shape{5}, DataType::s32);
  return checkpoint;
}

bool same_bits(const Checkpoint& a, const Checkpoint& b) {
  if (a.identity != b.identity || a.texts != b.texts || a.integers != b.integers) return false;
  if (a.numbers.size() != b.numbers.size() || a.tensors.size() != b.tensors.size()) return false;
  for (const auto& [name, number] : a.numbers) {
    const double other = b.number(name);
    if (std::memcmp(&number, &other, sizeof number) != 0) return false;
  }
  for (const auto& [name, tensor] : a.tensors) {
    const Tensor& other = b.tensor(name);
    if (tensor->description() != other.description()) return false;
    if (tensor->size_bytes() > 0 && std::memcmp(tensor->bytes(), other.bytes(), other.size_bytes()) != 0)
      return false;
  }
  return true;
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

std::string error_of(const fs::path& file) {
  try {
    read_checkpoint(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a checkpoint comes back with every bit") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "last.ckpt";
  const Checkpoint written = sample_checkpoint();
  write_checkpoint(file, written);
  const Checkpoint read = read_checkpoint(file);
  CHECK(same_bits(written, read));
  CHECK(read.integer("seed") == 0xfedcba9876543210u);
  CHECK(std::signbit(read.number("minus zero")));
  CHECK(read.text("history") == "epoch,loss\n1,0.5\n");
  const std::string content = content_of(file);
  write_checkpoint(file, read);
  CHECK(content_of(file) == content);
  write_checkpoint(file, Checkpoint{});
  CHECK(same_bits(read_checkpoint(file), Checkpoint{}));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("what a checkpoint lacks is named") {
  const Checkpoint empty;
  CHECK_THROWS_WITH_AS(empty.integer("step"), "checkpoint: it lacks the integer 'step'", Error);
  CHECK_THROWS_WITH_AS(empty.number("loss"), "checkpoint: it lacks the number 'loss'", Error);
  CHECK_THROWS_WITH_AS(empty.text("history"), "checkpoint: it lacks the text 'history'", Error);
  CHECK_THROWS_WITH_AS(empty.tensor("w"), "checkpoint: it lacks the tensor 'w'", Error);
}

TEST_CASE("a truncated checkpoint is refused, wherever it ends") {
  const test::TemporaryFolder folder;
  const fs::path whole = folder / "whole", file = folder / "file";
  write_checkpoint(whole, sample_checkpoint());
  const std::string content = content_of(whole);
  for (std::size_t size = 0; size < content.size(); ++size) {
    put(file, content.substr(0, size));
    INFO(size << " of " << content.size());
    CHECK(error_of(file).starts_with(file.string() + ": "));
  }
  for (const std::string& more : {std::string(1, '\0'), content}) {
    put(file, content + more);
    CHECK(error_of(file) ==
          file.string() + ": the checkpoint is truncated or damaged; start the training anew");
  }
}

TEST_CASE("a checkpoint with any one bit flipped is refused") {
  const test::TemporaryFolder folder;
  const fs::path whole = folder / "whole", file = folder / "file";
  write_checkpoint(whole, sample_checkpoint());
  const std::string content = content_of(whole);
  REQUIRE(content.size() < 2000);
  int accepted = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = content;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      put(file, damaged);
      accepted += error_of(file).empty() ? 1 : 0;
    }
  }
  CHECK(accepted == 0);
}

TEST_CASE("what is no checkpoint, or another Petal's, is told apart from damage") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "file";
  CHECK(error_of(file) == file.string() + ": cannot open the checkpoint: No such file or directory");
  CHECK(error_of(folder.path()).starts_with(folder.path().string() + ": is no file"));
  put(file, "\x89HDF\r\n\x1a\n and more");
  CHECK(error_of(file) == file.string() + ": is not a checkpoint of Petal");
  put(file, "");
  CHECK(error_of(file) == file.string() + ": is not a checkpoint of Petal");
  write_checkpoint(file, sample_checkpoint());
  std::string content = content_of(file);
  content[8] = 2;
  put(file, content);
  CHECK(error_of(file) ==
        file.string() + ": is of layout version 2; this Petal reads 1: resume with the Petal that wrote it");
}

TEST_CASE("a checkpoint of another model says what differs") {
  const Checkpoint checkpoint = sample_checkpoint();
  CHECK_NOTHROW(require_identity("c", checkpoint, checkpoint.identity));
  auto other = checkpoint.identity;
  other["optimizer"] = "adam";
  CHECK_THROWS_WITH_AS(require_identity("c", checkpoint, other),
                       "c: is of another model: optimizer is 'sgd,momentum=0.9,nesterov=false', here it is "
                       "'adam'; resume with the options that began it",
                       Error);
  other = checkpoint.identity;
  other.erase("network");
  other["loss"] = "sparse";
  CHECK_THROWS_WITH_AS(require_identity("c", checkpoint, other),
                       "c: is of another model: loss is not stated, here it is 'sparse'; network is "
                       "'0123456789abcdef', here it is not stated; resume with the options that began it",
                       Error);
}

TEST_CASE("the fingerprint of a graph changes with its structure") {
  const std::string same = graph_fingerprint(tiny_network(given_names));
  CHECK(same == graph_fingerprint(tiny_network(given_names)));
  CHECK(same != graph_fingerprint(tiny_network(given_names, 3)));
  CHECK(same != graph_fingerprint(tiny_network(given_names, 2, 4)));
  CHECK(same != graph_fingerprint(tiny_network(auto_names)));
}

TEST_CASE("weights go into a checkpoint and come out as the graph declares them") {
  const Graph graph = tiny_network(given_names);
  const Weights weights = initialize(graph, 3);
  Checkpoint checkpoint;
  add_weights(checkpoint, "weights", weights);
  add_weights(checkpoint, "best", initialize(graph, 4));
  const Weights read = weights_of(checkpoint, "weights", graph);
  CHECK(content_hash(graph, read) == content_hash(graph, weights));
  CHECK(content_hash(graph, weights_of(checkpoint, "best", graph)) != content_hash(graph, weights));
  CHECK(read.role("stem_bn/moving_mean") == Role::statistic);
  CHECK_THROWS_WITH_AS(weights_of(checkpoint, "weights", tiny_network(given_names, 2, 4)),
                       "checkpoint: its tensor 'weights/predictions/kernel' is (2, 3) of float32; the "
                       "network's is (2, 4) of float32",
                       Error);
  CHECK_THROWS_WITH_AS(weights_of(checkpoint, "slots", graph),
                       "checkpoint: it lacks the tensor 'slots/stem/kernel'", Error);
}

TEST_CASE("a disk that is full leaves the checkpoint from before") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "last.ckpt";
  const Checkpoint first = sample_checkpoint();
  write_checkpoint(file, first);
  Checkpoint second = first;
  second.tensors["large"] = std::make_shared<Tensor>(Shape{1 << 16});
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1 << 14, .rlim_max = before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_THROWS_AS(write_checkpoint(file, second), Error);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(same_bits(read_checkpoint(file), first));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

}  // namespace petal::testing
