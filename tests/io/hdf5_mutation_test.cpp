// Damaged weights files, thousands of them: each is an error or loads completely. HDF5 1.10.8 itself can
// crash or loop on such files, so a child process does the loading, and the parent counts how it ends.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "engine/error.h"
#include "engine/random.h"
#include "io/hdf5/file.h"
#include "io/hdf5/keras_layout.h"
#include "io/hdf5/keras_weights.h"
#include "tests/io/tiny_network.h"

// Under the address sanitizer: a size that cannot be had is an error code to HDF5, not an end; and
// HDF5 1.10.8's own reads of freed object headers (H5O__msg_iterate_real, in copies that it makes itself) are
// known and not ours to mend.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
extern "C" const char* __asan_default_suppressions() {
  return "interceptor_via_lib:libhdf5";
}
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libhdf5";
}

using namespace petal;
using namespace petal::testing;
namespace fs = std::filesystem;

namespace {

const fs::path golden = PETAL_SOURCE "/tests/golden/weights";
constexpr unsigned seconds_each = 2;

// What the child tells the parent, in memory that both see.
struct Outcome {
  int next = 0;       // the mutation that is being tried
  int refused = 0;    // Error(bad_input)
  int unchanged = 0;  // loaded, every number as it was
  int changed = 0;    // loaded, complete and finite, other numbers: damage of the numbers' own bytes
  int misled = 0;  // the same, but no number's own byte was hit: a damaged address or type that looks sound
  int wrong = 0;   // anything else
};

struct Verdict {
  Outcome outcome;
  int crashed = 0, hung = 0;
};

std::string bytes_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Mutation `index`: one to four bytes become others, or one bit flips; a pure function of the index.
std::string mutated(std::string bytes, int index) {
  const RandomStream random(20240601, RandomPurpose::drawing, static_cast<std::uint32_t>(index));
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::uint32_t count = random.below(0, 5);
  if (count == 0) bytes[random.below(1, size)] ^= static_cast<char>(1u << random.below(2, 8));
  for (std::uint32_t i = 0; i < count; ++i)
    bytes[random.below(3 + 2 * i, size)] = static_cast<char>(random.below(4 + 2 * i, 256));
  return bytes;
}

class Trial {
 public:
  Trial(const std::string& file, const std::vector<std::string>& names)
      : bytes_(bytes_of(golden / file)),
        tensors_(tensors_of(golden / file)),
        graph_(tiny_network(names)),
        path_(fs::temp_directory_path() / (std::to_string(getpid()) + "_petal_mutation.h5")),
        outcome_(static_cast<Outcome*>(
            mmap(nullptr, sizeof(Outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    REQUIRE(!bytes_.empty());
    REQUIRE(outcome_ != MAP_FAILED);
    *outcome_ = {};
  }
  Trial(const Trial&) = delete;
  ~Trial() {
    munmap(outcome_, sizeof(Outcome));
    fs::remove(path_);
  }

  // Children try the mutations one after the other; a child that dies is replaced, from the next mutation on.
  Verdict run(int mutations) {
    Verdict verdict;
    while (outcome_->next < mutations) {
      const pid_t child = fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        try_all(mutations);
        _exit(0);
      }
      int status = 0;
      REQUIRE(waitpid(child, &status, 0) == child);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
      ++(hung ? verdict.hung : verdict.crashed);
      MESSAGE("mutation " << outcome_->next << std::string(hung ? " hung" : " crashed"));
      ++outcome_->next;
    }
    verdict.outcome = *outcome_;
    return verdict;
  }

 private:
  void try_all(int mutations) {
    for (; outcome_->next < mutations; ++outcome_->next) {
      alarm(seconds_each);
      const std::string damaged = mutated(bytes_, outcome_->next);
      std::ofstream(path_, std::ios::binary) << damaged;
      try_one(damaged);
    }
    alarm(0);
  }

  void try_one(const std::string& damaged) {
    const Weights before = initialize(graph_, 1);
    Weights weights = before;
    try {
      const ImportTally tally = load_keras_weights(path_, graph_, weights);
      ++(tally.tensors != 14 ? outcome_->wrong : counter_of(weights, hits_numbers(damaged)));
    } catch (const Error& error) {
      bool same = error.kind() == ErrorKind::bad_input;
      for (const auto& [name, entry] : before.entries())
        same = same && weights.entries().at(name).tensor == entry.tensor;
      ++(same ? outcome_->refused : outcome_->wrong);
    } catch (...) {
      ++outcome_->wrong;
    }
  }

  // The counter that a load belongs to.
  int& counter_of(const Weights& weights, bool numbers_hit) {
    bool unchanged = true;
    const auto declarations = graph_.weights();
    for (std::size_t t = 0; t < declarations.size(); ++t) {
      const Tensor& tensor = weights.at(declarations[t].name);
      if (tensor.shape() != declarations[t].shape) return outcome_->wrong;
      for (std::size_t i = 0; i < tensor.values().size(); ++i) {
        if (!std::isfinite(tensor.values()[i])) return outcome_->wrong;
        unchanged = unchanged && tensor.values()[i] == expected_value(t, i);
      }
    }
    if (unchanged) return outcome_->unchanged;
    return numbers_hit ? outcome_->changed : outcome_->misled;
  }

  // Whether a byte differs among the tensors' own.
  bool hits_numbers(const std::string& damaged) const {
    for (const Hdf5Dataset& tensor : tensors_)
      for (const auto& [offset, bytes] : tensor.pieces)
        if (damaged.compare(offset, bytes, bytes_, offset, bytes) != 0) return true;
    return false;
  }

  static std::vector<Hdf5Dataset> tensors_of(const fs::path& path) {
    const Hdf5File file = Hdf5File::open(path);
    std::vector<Hdf5Dataset> tensors;
    for (const KerasLayer& layer : read_keras_layout(file).layers)
      for (const KerasTensor& tensor : layer.tensors) tensors.push_back(file.dataset(tensor.dataset));
    return tensors;
  }

  std::string bytes_;
  std::vector<Hdf5Dataset> tensors_;
  Graph graph_;
  fs::path path_;
  Outcome* outcome_;
};

void check_mutations(const std::string& file, const std::vector<std::string>& names, int mutations) {
  CAPTURE(file);
  if (const char* times = std::getenv("PETAL_MUTATIONS")) mutations *= std::max(1, std::atoi(times));
  const Verdict verdict = Trial(file, names).run(mutations);
  const Outcome& outcome = verdict.outcome;
  MESSAGE(file << ": " << outcome.refused << " refused, " << outcome.unchanged << " harmless, "
               << outcome.changed << " with other numbers, " << outcome.misled << " misled, " << verdict.hung
               << " hung, " << verdict.crashed << " crashed");
  CHECK(outcome.wrong == 0);
  // An address without a checksum may come to point at other numbers; nothing in the file can tell.
  CHECK(outcome.misled <= mutations / 200);
  CHECK(verdict.crashed == 0);
  CHECK(verdict.hung == 0);
  CHECK(outcome.refused > mutations / 20);
  CHECK(outcome.unchanged > mutations / 20);
}

}  // namespace

TEST_CASE("damaged weights: legacy layout") {
  check_mutations("keras2.h5", given_names, 600);
}
TEST_CASE("damaged weights: gzip, shuffle, checksums") {
  check_mutations("keras2_packed.h5", given_names, 600);
}
TEST_CASE("damaged weights: whole model") {
  check_mutations("keras3_nested.h5", given_names, 600);
}
TEST_CASE("damaged weights: .weights.h5") {
  check_mutations("keras3_unnamed.weights.h5", auto_names, 400);
}
